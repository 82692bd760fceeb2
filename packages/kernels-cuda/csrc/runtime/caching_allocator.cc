#include "runtime/caching_allocator.h"

#include <cuda_runtime_api.h>

#include "runtime/device_memory.h"
#include "runtime/error.h"

namespace octavo::cuda {
namespace {

/** The free list of blocks that hold `bytes`. @param size receives the size of its blocks */
int class_of(size_t bytes, size_t smallest, size_t& size) {
    int index = 0;
    for (size = smallest; size < bytes; size *= 2) index++;
    return index;
}

void* take_pinned(size_t bytes) {
    void* data = nullptr;
    check_cuda(cudaHostAlloc(&data, bytes, cudaHostAllocDefault), "cudaHostAlloc");
    return data;
}

}  // namespace

CachingAllocator::Source device_memory() {
    return {take_device_memory, give_back_device_memory};
}

CachingAllocator::Source pinned_memory() {
    return {take_pinned, [](void* data, size_t) { cudaFreeHost(data); }};
}

CachingAllocator::~CachingAllocator() {
    for (void* slab : slabs_) source_.give_back(slab, kSlab);
}

void* CachingAllocator::allocate(size_t bytes) {
    if (bytes > kLargestCached) return source_.take(bytes);
    size_t size;
    auto& blocks = free_[class_of(bytes, kSmallest, size)];
    if (!blocks.empty()) {
        void* block = blocks.back();
        blocks.pop_back();
        return block;
    }
    if (slab_used_ + size > kSlab) {
        slabs_.push_back(source_.take(kSlab));
        slab_used_ = 0;
    }
    void* block = static_cast<char*>(slabs_.back()) + slab_used_;
    slab_used_ += size;
    return block;
}

void CachingAllocator::release(void* data, size_t bytes) {
    size_t size;
    if (bytes > kLargestCached) {
        source_.give_back(data, bytes);
    } else {
        free_[class_of(bytes, kSmallest, size)].push_back(data);
    }
}

}  // namespace octavo::cuda
