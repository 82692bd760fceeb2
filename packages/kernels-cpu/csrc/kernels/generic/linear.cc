// Linear kernels for any x86-64 CPU.
#include "kernels/linear.h"

#include "kernels/tables.h"

namespace octavo::cpu {
LinearKernels generic_linear() { return linear_kernels(); }
}  // namespace octavo::cpu
