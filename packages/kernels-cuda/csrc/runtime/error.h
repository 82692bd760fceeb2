// The one exception of the native side; the binding turns it into an OctavoError with the same code.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

namespace octavo::cuda {

enum class ErrorCode { kInvalidArgument, kUnsupported, kCheckpoint, kBackendLoad, kOutOfMemory, kDisposed, kInternal };

struct Error {
    ErrorCode code;
    std::string message;
};

/** Throws an Error with a printf-style message. */
[[noreturn]] void fail(ErrorCode code, const char* format, ...) __attribute__((format(printf, 2, 3)));

/** Throws when a CUDA call failed; `call` names it. Running out of memory has its own code. */
void check_cuda(cudaError_t status, const char* call);

/** Throws when the kernel launched just before was refused. Faults while it runs appear at the next wait. */
inline void check_launch(const char* kernel) { check_cuda(cudaGetLastError(), kernel); }

/** Throws unless `condition` holds. */
#define check(condition, ...) ((condition) ? void() : ::octavo::cuda::fail(__VA_ARGS__))

}  // namespace octavo::cuda
