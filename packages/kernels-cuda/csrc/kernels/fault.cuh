// Reporting a fault from a kernel.
#pragma once

#include "runtime/fault.h"

namespace octavo::cuda::kernels {

__device__ inline void report(Fault* fault, FaultKind kind, int64_t value) {
    fault->value = static_cast<int32_t>(value);
    fault->kind = kind;
}

}  // namespace octavo::cuda::kernels
