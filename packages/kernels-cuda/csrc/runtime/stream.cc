#include "runtime/stream.h"

#include <cstdlib>
#include <cstring>

#include "octavo/step_plan.h"
#include "ops/ops.h"
#include "runtime/error.h"
#include "runtime/gpu.h"

namespace octavo::cuda {
namespace {

/** OCTAVO_CUDA_GEMM: "own" goes without cuBLASLt, for comparing. */
bool wants_cublas_lt() {
    const char* chosen = std::getenv("OCTAVO_CUDA_GEMM");
    return !chosen || strcmp(chosen, "own") != 0;
}

}  // namespace

Stream::Stream(int ordinal, bool batch_invariant) : ordinal_(ordinal), batch_invariant_(batch_invariant) {
    open_gpu(ordinal);
    check_cuda(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    void* fault = nullptr;
    check_cuda(cudaHostAlloc(&fault, sizeof(Fault), cudaHostAllocMapped), "cudaHostAlloc");
    fault_ = static_cast<Fault*>(fault);
    fault_->kind = kNoFault;
    for (Staging& staging : staging_) {
        check_cuda(cudaHostAlloc(&staging.host, kStagingBytes, cudaHostAllocDefault), "cudaHostAlloc");
        check_cuda(cudaEventCreateWithFlags(&staging.copied, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    }
    // Here, because nothing can be allocated while a graph is captured. Invariant ops need none.
    if (!batch_invariant) {
        workspace_bytes_ = attention_workspace_bytes();
        check_cuda(cudaMalloc(&workspace_, workspace_bytes_), "cudaMalloc");
        check_cuda(cudaMemsetAsync(workspace_, 0, workspace_bytes_, handle_), "cudaMemsetAsync");
    }
    // Its algorithms depend on the number of rows.
    if (batch_invariant || !wants_cublas_lt()) return;
    std::string found;
    cublas_lt_ = CublasLt::open(found);
    gemm_text_ = cublas_lt_ ? found : "own (" + found + ")";
}

// What fails here has failed before or does not matter: the GPU may be gone, or the process about to end.
Stream::~Stream() {
    cudaSetDevice(ordinal_);
    if (handle_) cudaStreamSynchronize(handle_);
    cublas_lt_.reset();
    for (Staging& staging : staging_) {
        if (staging.copied) cudaEventDestroy(staging.copied);
        if (staging.host) cudaFreeHost(staging.host);
        if (staging.device) cudaFree(staging.device);
    }
    if (workspace_) cudaFree(workspace_);
    if (fault_) cudaFreeHost(fault_);
    if (handle_) cudaStreamDestroy(handle_);
}

void Stream::activate() const { check_cuda(cudaSetDevice(ordinal_), "cudaSetDevice"); }

void Stream::synchronize() {
    check_cuda(cudaStreamSynchronize(handle_), "cudaStreamSynchronize");
    check_fault();
}

void Stream::check_fault() {
    const int32_t kind = fault_->kind;
    if (kind == kNoFault) return;
    const int32_t value = fault_->value;
    fault_->kind = kNoFault;
    fail(ErrorCode::kInternal, "%s (found %d)", fault_text(kind), value);
}

void* Stream::allocate_device(size_t bytes) {
    void* data = device_memory_.allocate(bytes);
    check_cuda(cudaMemsetAsync(data, 0, bytes, handle_), "cudaMemsetAsync");
    return data;
}

// Small blocks are used again only on this stream, so in order; cudaFree waits for the GPU by itself.
void Stream::release_device(void* data, size_t bytes) { device_memory_.release(data, bytes); }

void* Stream::allocate_pinned(size_t bytes) {
    void* data = pinned_memory_.allocate(bytes);
    memset(data, 0, bytes);
    return data;
}

void Stream::release_pinned(void* data, size_t bytes) {
    check_cuda(cudaStreamSynchronize(handle_), "cudaStreamSynchronize");
    pinned_memory_.release(data, bytes);
}

void Stream::copy(void* to, bool to_device, const void* from, bool from_device, size_t bytes) {
    if (!to_device && !from_device) {
        check_cuda(cudaStreamSynchronize(handle_), "cudaStreamSynchronize");
        memmove(to, from, bytes);
        return;
    }
    const cudaMemcpyKind kind = !to_device     ? cudaMemcpyDeviceToHost
                                : !from_device ? cudaMemcpyHostToDevice
                                               : cudaMemcpyDeviceToDevice;
    check_cuda(cudaMemcpyAsync(to, from, bytes, kind, handle_), "cudaMemcpyAsync");
}

void Stream::upload(void* to, int32_t to_dtype, const void* from, int32_t from_dtype, int64_t count) {
    const size_t to_size = static_cast<size_t>(dtype::kSizes[to_dtype]), from_size = static_cast<size_t>(dtype::kSizes[from_dtype]);
    const int64_t piece = static_cast<int64_t>(kStagingBytes / from_size);
    for (int64_t done = 0; done < count; done += piece) {
        const int64_t elements = count - done < piece ? count - done : piece;
        const size_t bytes = static_cast<size_t>(elements) * from_size;
        Staging& staging = staging_[next_staging_];
        next_staging_ ^= 1;
        check_cuda(cudaEventSynchronize(staging.copied), "cudaEventSynchronize");
        memcpy(staging.host, static_cast<const char*>(from) + static_cast<size_t>(done) * from_size, bytes);
        void* target = static_cast<char*>(to) + static_cast<size_t>(done) * to_size;
        if (to_dtype != from_dtype && !staging.device) check_cuda(cudaMalloc(&staging.device, kStagingBytes), "cudaMalloc");
        void* landing = to_dtype == from_dtype ? target : staging.device;
        check_cuda(cudaMemcpyAsync(landing, staging.host, bytes, cudaMemcpyHostToDevice, handle_), "cudaMemcpyAsync");
        check_cuda(cudaEventRecord(staging.copied, handle_), "cudaEventRecord");
        if (landing != target) convert(*this, target, to_dtype, landing, from_dtype, elements);
    }
}

}  // namespace octavo::cuda
