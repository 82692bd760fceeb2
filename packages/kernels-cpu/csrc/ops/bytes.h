// Addresses inside of tensors whose dtype is known by its code only.
#pragma once

#include <cstdint>

namespace octavo::cpu {

inline char* bytes_at(void* base, int64_t offset) { return static_cast<char*>(base) + offset; }
inline const char* bytes_at(const void* base, int64_t offset) { return static_cast<const char*>(base) + offset; }

}  // namespace octavo::cpu
