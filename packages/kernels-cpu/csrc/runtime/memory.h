// Native memory: zeroed, aligned to cache lines, large blocks straight from the kernel; and files mapped as memory.
#pragma once

#include <cstddef>

namespace octavo::cpu {

/** Owns a block of memory or a mapped file. */
class Memory {
public:
    /** Zeroed. Blocks of a megabyte and more take physical memory only where they are touched. @throws OUT_OF_MEMORY */
    static Memory allocate(size_t bytes);
    /** A file's bytes. Writes go to private copies of pages, never to the file. @throws CHECKPOINT */
    static Memory map_file(const char* path);

    Memory() = default;
    Memory(Memory&& other) noexcept;
    Memory& operator=(Memory&& other) noexcept;
    ~Memory();

    void* data() const { return data_; }
    size_t bytes() const { return bytes_; }

private:
    Memory(void* data, size_t bytes, bool mapped) : data_(data), bytes_(bytes), mapped_(mapped) {}

    void* data_ = nullptr;
    size_t bytes_ = 0;
    bool mapped_ = false;
};

}  // namespace octavo::cpu
