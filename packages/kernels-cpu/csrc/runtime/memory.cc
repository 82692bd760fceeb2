#include "runtime/memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "runtime/error.h"

namespace octavo::cpu {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kMapThreshold = size_t{1} << 20;

struct FileDescriptor {
    int value;
    ~FileDescriptor() {
        if (value >= 0) close(value);
    }
};

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
    const FileDescriptor file{open(path, O_RDONLY | O_CLOEXEC)};
    check(file.value >= 0, ErrorCode::kCheckpoint, "cannot open %s: %s", path, strerror(errno));
    struct stat status;
    check(fstat(file.value, &status) == 0, ErrorCode::kCheckpoint, "cannot read the size of %s: %s", path, strerror(errno));
    check(S_ISREG(status.st_mode), ErrorCode::kCheckpoint, "%s is not a file", path);
    check(status.st_size > 0, ErrorCode::kCheckpoint, "%s is empty (0 bytes); download it again", path);
    const size_t bytes = static_cast<size_t>(status.st_size);
    // Writable pages, so that a stray write from JavaScript costs a private page instead of the process.
    void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.value, 0);
    check(data != MAP_FAILED, ErrorCode::kCheckpoint, "cannot map %s (%zu bytes): %s", path, bytes, strerror(errno));
    madvise(data, bytes, MADV_WILLNEED);
    return Memory(data, bytes, true);
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
