// The kernel families of each instruction set, defined by the files of csrc/kernels/<set>.
#pragma once

#include "kernels/kernels.h"

namespace octavo::cpu {

LinearKernels generic_linear();
PanelKernels generic_panels();
ExpertKernels generic_experts();
AttentionKernels generic_attention();
RowKernels generic_rows();
ActivationKernels generic_activations();
SamplingKernels generic_sampling();

LinearKernels avx2_linear();
PanelKernels avx2_panels();
ExpertKernels avx2_experts();
AttentionKernels avx2_attention();
RowKernels avx2_rows();
ActivationKernels avx2_activations();
SamplingKernels avx2_sampling();

LinearKernels avx512_linear();
PanelKernels avx512_panels();
ExpertKernels avx512_experts();
AttentionKernels avx512_attention();
RowKernels avx512_rows();
ActivationKernels avx512_activations();

LinearKernels avx512bf16_linear();
LinearKernels amx_linear();

}  // namespace octavo::cpu
