#include "runtime/memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "octavo/mapped_file.h"
#include "runtime/error.h"

namespace octavo::cpu {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kMapThreshold = size_t{1} << 20;

}  // namespace

Memory Memory::allocate(size_t bytes) {
    if (bytes >= kMapThreshold) {
        void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        check(data != MAP_FAILED, ErrorCode::kOutOfMemory, "the system refused %zu bytes: %s", bytes, strerror(errno));
        madvise(data, bytes, MADV_HUGEPAGE);
        return Memory(data, bytes, true);
    }
    const size_t rounded = (bytes / kAlignment + 1) * kAlignment;
    void* data = aligned_alloc(kAlignment, rounded);
    check(data != nullptr, ErrorCode::kOutOfMemory, "the system refused %zu bytes", bytes);
    memset(data, 0, rounded);
    return Memory(data, bytes, false);
}

Memory Memory::map_file(const char* path) {
    MappedFile mapped;
    const std::string failure = octavo::map_file(path, mapped);
    check(failure.empty(), ErrorCode::kCheckpoint, "%s", failure.c_str());
    return Memory(mapped.data, mapped.bytes, true);
}

Memory::Memory(Memory&& other) noexcept { *this = std::move(other); }

Memory& Memory::operator=(Memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(mapped_, other.mapped_);
    return *this;
}

Memory::~Memory() {
    if (mapped_) {
        munmap(data_, bytes_);
    } else {
        free(data_);
    }
}

}  // namespace octavo::cpu
