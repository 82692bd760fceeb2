// What measurements need beside the ops: a read of memory at the speed of the hardware, and a way to keep the stream busy.
#pragma once

#include <cstdint>

#include "kernels/reduce.cuh"

namespace octavo::cuda::kernels {

inline constexpr int kProbeThreads = 512, kProbeLoads = 4;

/**
 * Adds the sum of all 32-bit words (modulo 2^32) to `*sum`. Memory traffic: one read of the buffer. Each thread has kProbeLoads
 * loads of 16 bytes in flight; a block takes one piece of kProbeThreads * kProbeLoads packs after the other.
 */
__global__ void __launch_bounds__(kProbeThreads) read_probe(uint32_t* sum, const uint4* data, int64_t packs) {
    constexpr int64_t kPiece = int64_t{kProbeThreads} * kProbeLoads;
    uint32_t words = 0;
    for (int64_t piece = static_cast<int64_t>(blockIdx.x) * kPiece; piece < packs; piece += static_cast<int64_t>(gridDim.x) * kPiece) {
        const int64_t first = piece + static_cast<int64_t>(threadIdx.x);
        uint4 loaded[kProbeLoads];
#pragma unroll
        for (int i = 0; i < kProbeLoads; i++) {
            const int64_t at = first + i * kProbeThreads;
            loaded[i] = at < packs ? __ldcs(data + at) : uint4{0, 0, 0, 0};
        }
#pragma unroll
        for (int i = 0; i < kProbeLoads; i++) words += loaded[i].x + loaded[i].y + loaded[i].z + loaded[i].w;
    }
#pragma unroll
    for (int offset = kWarp / 2; offset > 0; offset /= 2) words += __shfl_xor_sync(kAllLanes, words, offset);
    if (threadIdx.x % kWarp == 0) atomicAdd(sum, words);
}

__device__ inline uint64_t nanoseconds() {
    uint64_t now;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
    return now;
}

/** Keeps the stream busy for at least so long. One thread. */
__global__ void delay(int64_t duration) {
    const uint64_t begin = nanoseconds();
    while (nanoseconds() - begin < static_cast<uint64_t>(duration)) {
    }
}

}  // namespace octavo::cuda::kernels
