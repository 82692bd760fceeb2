// Attention kernels for CPUs with AVX-512 F, BW, DQ, VL and VNNI.
#include "kernels/attention.h"

#include "kernels/tables.h"

namespace octavo::cpu {
AttentionKernels avx512_attention() { return attention_kernels(); }
}  // namespace octavo::cpu
