// Linear kernels for CPUs with AVX-512 F, BW, DQ, VL, VNNI and BF16.
#include "kernels/linear.h"

#include "kernels/tables.h"

namespace octavo::cpu {
LinearKernels avx512bf16_linear() { return linear_kernels(); }
}  // namespace octavo::cpu
