// A checkpoint file as memory, the same for every backend with an addon.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

namespace octavo {

/** A mapping; whoever has it calls `munmap`. */
struct MappedFile {
    void* data = nullptr;
    size_t bytes = 0;
};

/**
 * Maps a whole file. Writes go to private copies of pages, never to the file: a stray one from JavaScript costs a page instead
 * of the process.
 * @returns what went wrong and what to do, for people; empty when `mapped` is set
 */
inline std::string map_file(const char* path, MappedFile& mapped) {
    const std::string name = path;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return "cannot open " + name + ": " + strerror(errno);
    struct stat status;
    std::string failure;
    if (fstat(file, &status) != 0) {
        failure = "cannot read the size of " + name + ": " + strerror(errno);
    } else if (!S_ISREG(status.st_mode)) {
        failure = name + " is not a file";
    } else if (status.st_size <= 0) {
        failure = name + " is empty (0 bytes); download it again";
    } else {
        const size_t bytes = static_cast<size_t>(status.st_size);
        void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
        if (data == MAP_FAILED) {
            failure = "cannot map " + name + " (" + std::to_string(bytes) + " bytes): " + strerror(errno);
        } else {
            madvise(data, bytes, MADV_WILLNEED);
            mapped = {data, bytes};
        }
    }
    close(file);
    return failure;
}

}  // namespace octavo
