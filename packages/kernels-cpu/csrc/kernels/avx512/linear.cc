// Linear kernels for CPUs with AVX-512 F, BW, DQ, VL and VNNI.
#include "kernels/linear.h"

#include "kernels/tables.h"

namespace octavo::cpu {
LinearKernels avx512_linear() { return linear_kernels(); }
}  // namespace octavo::cpu
