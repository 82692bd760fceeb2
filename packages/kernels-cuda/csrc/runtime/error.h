// Errors are those of every addon; CUDA's own become such.
#pragma once

#include <cuda_runtime_api.h>

#include "octavo/error.h"

namespace octavo::cuda {

/** Throws when a CUDA call failed; `call` names it. Running out of memory has its own code. */
void check_cuda(cudaError_t status, const char* call);

/** Throws when the kernel launched just before was refused. Faults while it runs appear at the next wait. */
inline void check_launch(const char* kernel) { check_cuda(cudaGetLastError(), kernel); }

}  // namespace octavo::cuda
