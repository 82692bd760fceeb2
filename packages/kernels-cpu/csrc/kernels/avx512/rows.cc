// Row and activation kernels for CPUs with AVX-512 F, BW, DQ, VL and VNNI.
#include "kernels/experts.h"
#include "kernels/rows.h"

#include "kernels/activations.h"
#include "kernels/tables.h"

namespace octavo::cpu {
ExpertKernels avx512_experts() { return expert_kernels(); }
RowKernels avx512_rows() { return row_kernels(); }
ActivationKernels avx512_activations() { return activation_kernels(); }
}  // namespace octavo::cpu
