// One backend's place on a GPU: its stream, its memory, its libraries.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include <memory>
#include <string>

#include "runtime/caching_allocator.h"
#include "runtime/cublas_lt.h"
#include "runtime/fault.h"
#include "runtime/uploader.h"

namespace octavo::cuda {

/** A GPU's stream with its allocators. All calls come from one thread. */
class Stream {
public:
    /** @throws BACKEND_LOAD, INVALID_ARGUMENT */
    Stream(int ordinal, bool batch_invariant);
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream();

    /** Makes the GPU the calling thread's. */
    void activate() const;
    /** Waits until everything enqueued is done. @throws INTERNAL for what a kernel reported */
    void synchronize();
    /** @throws INTERNAL when a kernel reported a fault since the last call */
    void check_fault();

    cudaStream_t handle() const { return handle_; }
    int ordinal() const { return ordinal_; }
    /** Shared memory that a block may ask for: 163 KiB on sm_80, 227 KiB on sm_90 and sm_100, but 99 KiB on sm_89 and sm_120. */
    size_t most_shared_bytes() const { return static_cast<size_t>(most_shared_bytes_); }
    /** Whether a row's bits may not depend on how many rows are computed with it. */
    bool batch_invariant() const { return batch_invariant_; }
    Fault* fault() const { return fault_; }
    /** cuBLASLt, or null where it is absent or not wanted. */
    CublasLt* cublas_lt() const { return cublas_lt_.get(); }
    /** GPU memory for what ops keep between their kernels; zeros at first, null where none is needed. */
    void* workspace() const { return workspace_; }
    size_t workspace_bytes() const { return workspace_bytes_; }
    /** GPU memory in which expert_linear groups rows. */
    void* expert_groups() const { return expert_groups_; }
    /** For people: which library multiplies matrices. */
    const std::string& gemm_text() const { return gemm_text_; }

    /** Zeroed, on the stream. */
    void* allocate_device(size_t bytes);
    /** Uses enqueued before stay valid. */
    void release_device(void* data, size_t bytes);
    /** Zeroed. */
    void* allocate_pinned(size_t bytes);
    /** Waits for the uses enqueued before. */
    void release_pinned(void* data, size_t bytes);

    /** Copies between memory of any kind, in order with everything else; returns before a copy with the GPU is done. */
    void copy(void* to, bool to_device, const void* from, bool from_device, size_t bytes);
    /** Writes host memory to the GPU, in order with everything else. */
    Uploader& uploader() { return *uploader_; }
    /** GPU memory that is held beside what `allocate_device` gave out: workspace of cuBLASLt, buffers of uploads. */
    size_t own_device_bytes() const;

private:
    /** What a constructor that throws leaves to the destructor. */
    struct Empty {};
    Stream(Empty, int ordinal, bool batch_invariant) : ordinal_(ordinal), batch_invariant_(batch_invariant) {}

    int ordinal_;
    bool batch_invariant_;
    int most_shared_bytes_ = 0;
    cudaStream_t handle_ = nullptr;
    Fault* fault_ = nullptr;
    void* workspace_ = nullptr;
    size_t workspace_bytes_ = 0;
    void* expert_groups_ = nullptr;
    CachingAllocator device_memory_{device_memory()};
    CachingAllocator pinned_memory_{pinned_memory()};
    std::unique_ptr<CublasLt> cublas_lt_;
    std::string gemm_text_ = "own";
    std::unique_ptr<Uploader> uploader_;
};

}  // namespace octavo::cuda
