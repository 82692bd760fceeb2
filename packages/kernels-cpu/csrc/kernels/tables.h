// The kernel families of each instruction set, defined by the files of csrc/kernels/<set>.
#pragma once

#include "kernels/kernels.h"

namespace octavo::cpu {

LinearKernels generic_linear();
PanelKernels generic_panels();
AttentionKernels generic_attention();
RowKernels generic_rows();
SamplingKernels generic_sampling();

LinearKernels avx2_linear();
PanelKernels avx2_panels();
AttentionKernels avx2_attention();
RowKernels avx2_rows();
SamplingKernels avx2_sampling();

LinearKernels avx512_linear();
PanelKernels avx512_panels();
AttentionKernels avx512_attention();
RowKernels avx512_rows();

LinearKernels avx512bf16_linear();
LinearKernels amx_linear();

}  // namespace octavo::cpu
