// The one exception of native code; the binding turns it into an OctavoError with the same code.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <string>

namespace octavo {

/** Those codes of packages/core/src/errors.ts that native code uses. */
enum class ErrorCode { kInvalidArgument, kUnsupported, kCheckpoint, kBackendLoad, kOutOfMemory, kDisposed, kInternal };

struct Error {
    ErrorCode code;
    std::string message;
};

/** The code's name in TypeScript. */
inline const char* name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return "INVALID_ARGUMENT";
        case ErrorCode::kUnsupported:
            return "UNSUPPORTED";
        case ErrorCode::kCheckpoint:
            return "CHECKPOINT";
        case ErrorCode::kBackendLoad:
            return "BACKEND_LOAD";
        case ErrorCode::kOutOfMemory:
            return "OUT_OF_MEMORY";
        case ErrorCode::kDisposed:
            return "DISPOSED";
        case ErrorCode::kInternal:
            return "INTERNAL";
    }
    return "INTERNAL";
}

/** Throws an Error with a printf-style message. */
[[noreturn]] inline void fail(ErrorCode code, const char* format, ...) __attribute__((format(printf, 2, 3)));

inline void fail(ErrorCode code, const char* format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    throw Error{code, text};
}

/** Throws unless `condition` holds. */
#define check(condition, ...) ((condition) ? void() : ::octavo::fail(__VA_ARGS__))

}  // namespace octavo
