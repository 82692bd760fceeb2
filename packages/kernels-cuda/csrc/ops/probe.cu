#include "ops/probe.h"

#include <algorithm>

#include "kernels/probe.cuh"
#include "ops/launch.h"

namespace octavo::cuda {

void read_probe(Stream& stream, uint32_t* sum, const void* data, int64_t bytes) {
    check(in_packs(bits_of(data), bytes), ErrorCode::kInvalidArgument, "readProbe: %lld bytes at %p are not a multiple of 16 bytes",
          static_cast<long long>(bytes), data);
    if (bytes == 0) return;
    // As many blocks as run at once, each with many pieces: a second wave would leave most of the GPU idle at the end.
    int multiprocessors = 0, resident = 0;
    check_cuda(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernels::read_probe, kernels::kProbeThreads, 0),
               "cudaOccupancyMaxActiveBlocksPerMultiprocessor");
    check_cuda(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, stream.ordinal()), "cudaDeviceGetAttribute");
    const int64_t packs = bytes / 16, pieces = blocks_for(packs, int64_t{kernels::kProbeThreads} * kernels::kProbeLoads);
    const unsigned blocks = static_cast<unsigned>(std::min(pieces, int64_t{resident} * multiprocessors));
    kernels::read_probe<<<blocks, kernels::kProbeThreads, 0, stream.handle()>>>(sum, static_cast<const uint4*>(data), packs);
    check_launch("readProbe");
}

void delay(Stream& stream, int64_t microseconds) {
    constexpr int64_t kLongest = 1'000'000;
    check(microseconds >= 0 && microseconds <= kLongest, ErrorCode::kInvalidArgument,
          "delay: %lld microseconds were asked for, the longest is %lld", static_cast<long long>(microseconds),
          static_cast<long long>(kLongest));
    kernels::delay<<<1, 1, 0, stream.handle()>>>(1000 * microseconds);
    check_launch("delay");
}

}  // namespace octavo::cuda
