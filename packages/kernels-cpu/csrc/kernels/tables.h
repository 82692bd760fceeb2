// The kernel families of each instruction set, defined by the files of csrc/kernels/<set>.
#pragma once

#include "kernels/kernels.h"

namespace octavo::cpu {

LinearKernels generic_linear();
AttentionKernels generic_attention();
RowKernels generic_rows();
SamplingKernels generic_sampling();

LinearKernels avx2_linear();
AttentionKernels avx2_attention();
RowKernels avx2_rows();
SamplingKernels avx2_sampling();

}  // namespace octavo::cpu
