#include "runtime/device_memory.h"

#include <cuda_runtime_api.h>

#include <atomic>

#include "runtime/error.h"

namespace octavo::cuda {
namespace {

constexpr int kMostGpus = 64;
std::atomic<size_t> taken[kMostGpus];

std::atomic<size_t>& taken_here() {
    int ordinal = 0;
    cudaGetDevice(&ordinal);
    return taken[ordinal % kMostGpus];
}

}  // namespace

void* take_device_memory(size_t bytes) {
    void* data = nullptr;
    const cudaError_t status = cudaMalloc(&data, bytes);
    if (status == cudaErrorMemoryAllocation) {
        cudaGetLastError();
        size_t free_bytes = 0, total_bytes = 0;
        cudaMemGetInfo(&free_bytes, &total_bytes);
        fail(ErrorCode::kOutOfMemory, "the GPU has %zu MiB of %zu MiB left, %zu MiB were needed", free_bytes >> 20, total_bytes >> 20,
             (bytes >> 20) + 1);
    }
    check_cuda(status, "cudaMalloc");
    taken_here() += bytes;
    return data;
}

void give_back_device_memory(void* data, size_t bytes) {
    if (!data) return;
    taken_here() -= bytes;
    cudaFree(data);
}

size_t device_memory_taken(int ordinal) { return taken[ordinal % kMostGpus]; }

}  // namespace octavo::cuda
