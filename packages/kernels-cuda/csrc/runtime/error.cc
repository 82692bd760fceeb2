#include "runtime/error.h"

namespace octavo::cuda {

void check_cuda(cudaError_t status, const char* call) {
    if (status == cudaSuccess) return;
    cudaGetLastError();  // an error that does not stick must not be reported again by the next call
    const ErrorCode code = status == cudaErrorMemoryAllocation ? ErrorCode::kOutOfMemory : ErrorCode::kInternal;
    fail(code, "%s: %s (%s)", call, cudaGetErrorString(status), cudaGetErrorName(status));
}

}  // namespace octavo::cuda
