// Attention with windows, soft caps, sinks or ALiBi on the tensor cores: a file of its own, because each kind takes long to compile.
#include "ops/attention_launch.h"

namespace octavo::cuda {

bool attend_with_options(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& arguments) {
    return decode_and_prefill<kernels::AttentionKind::kOptions>(stream, cache, batch, arguments);
}

}  // namespace octavo::cuda
