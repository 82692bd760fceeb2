// Small blocks come from slabs and return to free lists; large ones go straight to CUDA and back, so that what is free for
// Octavo is free for others too.
#pragma once

#include <cstddef>
#include <vector>

namespace octavo::cuda {

class CachingAllocator {
public:
    /** How memory is got from CUDA and given back. `take` throws OUT_OF_MEMORY. */
    struct Source {
        void* (*take)(size_t bytes);
        void (*give_back)(void* data, size_t bytes);
    };

    explicit CachingAllocator(Source source) : source_(source) {}
    CachingAllocator(const CachingAllocator&) = delete;
    CachingAllocator& operator=(const CachingAllocator&) = delete;
    ~CachingAllocator();

    /** Aligned to 512 bytes, contents undefined. */
    void* allocate(size_t bytes);
    /** `bytes` as they were asked for. A block may be given out again at once: the caller orders the uses. */
    void release(void* data, size_t bytes);

private:
    static constexpr size_t kSmallest = 512, kLargestCached = size_t{1} << 20, kSlab = size_t{8} << 20;
    static constexpr int kClasses = 12;  // 512 B to 1 MiB, powers of two

    Source source_;
    std::vector<void*> free_[kClasses];
    std::vector<void*> slabs_;
    size_t slab_used_ = kSlab;
};

/** GPU memory, and page-locked host memory that the GPU copies from and to at full speed. */
CachingAllocator::Source device_memory();
CachingAllocator::Source pinned_memory();

}  // namespace octavo::cuda
