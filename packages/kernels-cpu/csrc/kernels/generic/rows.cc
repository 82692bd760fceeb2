// Row, activation and sampling kernels for any x86-64 CPU.
#include "kernels/experts.h"
#include "kernels/rows.h"

#include "kernels/activations.h"
#include "kernels/sampling.h"
#include "kernels/tables.h"

namespace octavo::cpu {
ExpertKernels generic_experts() { return expert_kernels(); }
RowKernels generic_rows() { return row_kernels(); }
ActivationKernels generic_activations() { return activation_kernels(); }
SamplingKernels generic_sampling() { return sampling_kernels(); }
}  // namespace octavo::cpu
