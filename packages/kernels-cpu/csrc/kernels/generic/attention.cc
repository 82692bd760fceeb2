// Attention kernels for any x86-64 CPU.
#include "kernels/attention.h"

#include "kernels/tables.h"

namespace octavo::cpu {
AttentionKernels generic_attention() { return attention_kernels(); }
}  // namespace octavo::cpu
