#include "runtime/error.h"

#include <cstdarg>
#include <cstdio>

namespace octavo::cuda {

void fail(ErrorCode code, const char* format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    throw Error{code, text};
}

void check_cuda(cudaError_t status, const char* call) {
    if (status == cudaSuccess) return;
    cudaGetLastError();  // an error that does not stick must not be reported again by the next call
    const ErrorCode code = status == cudaErrorMemoryAllocation ? ErrorCode::kOutOfMemory : ErrorCode::kInternal;
    fail(code, "%s: %s (%s)", call, cudaGetErrorString(status), cudaGetErrorName(status));
}

}  // namespace octavo::cuda
