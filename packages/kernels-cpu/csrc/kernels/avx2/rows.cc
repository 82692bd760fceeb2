// Row, activation and sampling kernels for CPUs with AVX2, FMA and F16C.
#include "kernels/experts.h"
#include "kernels/rows.h"

#include "kernels/activations.h"
#include "kernels/sampling.h"
#include "kernels/tables.h"

namespace octavo::cpu {
ExpertKernels avx2_experts() { return expert_kernels(); }
RowKernels avx2_rows() { return row_kernels(); }
ActivationKernels avx2_activations() { return activation_kernels(); }
SamplingKernels avx2_sampling() { return sampling_kernels(); }
}  // namespace octavo::cpu
