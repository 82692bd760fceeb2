// Attention kernels for CPUs with AVX2, FMA and F16C.
#include "kernels/attention.h"

#include "kernels/tables.h"

namespace octavo::cpu {
AttentionKernels avx2_attention() { return attention_kernels(); }
}  // namespace octavo::cpu
