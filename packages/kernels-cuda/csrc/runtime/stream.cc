#include "runtime/stream.h"

#include <cstdlib>
#include <cstring>

#include "ops/ops.h"
#include "runtime/device_memory.h"
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

// Delegates, so that the destructor frees what was made before something fails.
Stream::Stream(int ordinal, bool batch_invariant) : Stream(Empty{}, ordinal, batch_invariant) {
    open_gpu(ordinal);
    check_cuda(cudaDeviceGetAttribute(&most_shared_bytes_, cudaDevAttrMaxSharedMemoryPerBlockOptin, ordinal), "cudaDeviceGetAttribute");
    check_cuda(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    void* fault = nullptr;
    check_cuda(cudaHostAlloc(&fault, sizeof(Fault), cudaHostAllocMapped), "cudaHostAlloc");
    fault_ = static_cast<Fault*>(fault);
    fault_->kind = kNoFault;
    uploader_ = std::make_unique<Uploader>(*this);
    // Here, because nothing can be allocated while a graph is captured.
    expert_groups_ = take_device_memory(expert_groups_bytes());
    // Invariant attention needs none.
    if (!batch_invariant) {
        workspace_ = take_device_memory(attention_workspace_bytes());
        workspace_bytes_ = attention_workspace_bytes();
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
    if (!handle_) return;  // the GPU was not opened
    cudaSetDevice(ordinal_);
    cudaStreamSynchronize(handle_);
    uploader_.reset();
    cublas_lt_.reset();
    give_back_device_memory(workspace_, workspace_bytes_);
    give_back_device_memory(expert_groups_, expert_groups_bytes());
    if (fault_) cudaFreeHost(fault_);
    cudaStreamDestroy(handle_);
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
    const cudaError_t status = cudaMemsetAsync(data, 0, bytes, handle_);
    if (status != cudaSuccess) device_memory_.release(data, bytes);
    check_cuda(status, "cudaMemsetAsync");
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

size_t Stream::own_device_bytes() const {
    const size_t groups = expert_groups_ ? expert_groups_bytes() : 0;
    return workspace_bytes_ + groups + uploader_->device_bytes() + (cublas_lt_ ? cublas_lt_->device_bytes() : 0);
}

}  // namespace octavo::cuda
