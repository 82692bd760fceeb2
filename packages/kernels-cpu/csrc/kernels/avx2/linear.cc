// Linear kernels for CPUs with AVX2, FMA and F16C.
#include "kernels/linear.h"

#include "kernels/tables.h"

namespace octavo::cpu {
LinearKernels avx2_linear() { return linear_kernels(); }
}  // namespace octavo::cpu
