// The one exception of the native side; the binding turns it into an OctavoError with the same code.
#pragma once

#include <string>

namespace octavo::cpu {

enum class ErrorCode { kInvalidArgument, kCheckpoint, kOutOfMemory, kDisposed, kInternal };

struct Error {
    ErrorCode code;
    std::string message;
};

/** Throws an Error with a printf-style message. */
[[noreturn]] void fail(ErrorCode code, const char* format, ...) __attribute__((format(printf, 2, 3)));

/** Throws unless `condition` holds. */
#define check(condition, ...) ((condition) ? void() : ::octavo::cpu::fail(__VA_ARGS__))

}  // namespace octavo::cpu
