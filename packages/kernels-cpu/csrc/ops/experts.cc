// Linear layers of experts: the rows of a step are grouped by expert, so that each expert's weights are read once for all of
// them (once for each kCachedRows where there are more). A row's products are those of `linear`, whatever rows it is grouped with.
#include <algorithm>
#include <cstring>

#include "octavo/step_plan.h"
#include "ops/linear_rows.h"
#include "runtime/error.h"

namespace octavo::cpu {
namespace {

/** As group_rows for rows that come in turns, one for each of `count` heads. */
void group_heads(ExpertGroups& groups, int64_t rows, int64_t count) {
    const int64_t each = rows / count;
    groups.starts.resize(static_cast<size_t>(count) + 1);
    groups.rows.resize(static_cast<size_t>(rows));
    for (int64_t head = 0; head <= count; head++) groups.starts[static_cast<size_t>(head)] = static_cast<int32_t>(head * each);
    for (int64_t row = 0; row < rows; row++) groups.rows[static_cast<size_t>(row % count * each + row / count)] = static_cast<int32_t>(row);
}

/** Sorts the rows by their experts, in order within each. @throws INTERNAL for an expert that is not there */
void group_rows(ExpertGroups& groups, const int32_t* experts, int64_t rows, int64_t count) {
    groups.starts.assign(static_cast<size_t>(count) + 1, 0);
    groups.rows.resize(static_cast<size_t>(rows));
    for (int64_t row = 0; row < rows; row++) {
        check(experts[row] >= 0 && experts[row] < count, ErrorCode::kInternal,
              "expertLinear: expert %d of row %lld is outside of [0, %lld)", experts[row], static_cast<long long>(row),
              static_cast<long long>(count));
        groups.starts[static_cast<size_t>(experts[row]) + 1]++;
    }
    for (size_t expert = 0; expert < static_cast<size_t>(count); expert++) groups.starts[expert + 1] += groups.starts[expert];
    // Each start moves to the end of its expert's rows, which is where the next one's begin: shifted back below.
    for (int64_t row = 0; row < rows; row++) {
        int32_t& next = groups.starts[static_cast<size_t>(experts[row])];
        groups.rows[static_cast<size_t>(next++)] = static_cast<int32_t>(row);
    }
    for (size_t expert = static_cast<size_t>(count); expert > 0; expert--) groups.starts[expert] = groups.starts[expert - 1];
    groups.starts[0] = 0;
}

/** Whole experts from `expert` on with at most kCachedRows rows together, or a part of one that has more. @returns how many rows */
int64_t next_spans(const Context& context, ExpertGroups& groups, const ExpertWeights& weights, int64_t first, int64_t& expert, bool bfloat16,
                   int64_t& chunks) {
    groups.spans.clear();
    chunks = 0;
    int64_t rows = 0;
    for (; expert < static_cast<int64_t>(weights.experts.size()); expert++) {
        const int64_t left = groups.starts[static_cast<size_t>(expert) + 1] - (first + rows);
        if (left == 0) continue;
        if (rows > 0 && rows + left > kCachedRows) break;
        const int64_t taken = std::min(left, kCachedRows);
        const LinearWeight& weight = *weights.experts[static_cast<size_t>(expert)];
        const DenseKernel& kernel = dense_kernel(context, weight, taken, bfloat16);
        groups.spans.push_back({static_cast<int32_t>(expert), static_cast<int32_t>(first + rows), static_cast<int32_t>(taken), chunks, &kernel});
        chunks += linear_chunks(context, weight, taken, kernel);
        rows += taken;
        if (taken < left) break;
    }
    return rows;
}

/** The rows of x that sorted rows [first, first + rows) take, as float32, or as they are. */
Activations gather(Context& context, const ExpertLinear& arguments, const int32_t* sorted, int64_t rows, int64_t k, bool as_floats) {
    const Linear& call = arguments.linear;
    const int64_t size = dtype::kSizes[as_floats ? dtype::kFloat32 : call.x_dtype], from_bytes = call.x_stride * dtype::kSizes[call.x_dtype];
    char* out = static_cast<char*>(at_least(context.activations, rows * k * size));
    for_rows(context, rows, k, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) {
            const char* from = static_cast<const char*>(call.x) + sorted[row] / arguments.share * from_bytes;
            char* to = out + row * k * size;
            if (as_floats) context.kernels.rows.to_float[call.x_dtype](reinterpret_cast<float*>(to), from, k);
            else std::memcpy(to, from, static_cast<size_t>(k * size));
        }
    });
    return {out, k};
}

/** Lays the rows of spans out whose kernels want that. @param rows those of the spans, one after another */
void lay_out(Context& context, ExpertGroups& groups, const char* rows, int64_t k) {
    auto group_bytes = [k](const ExpertSpan& span) { return span.kernel->pack ? packed_bytes(k, span.kernel->element_bytes) : 0; };
    int64_t bytes = 0;
    for (const ExpertSpan& span : groups.spans) bytes += packed_groups(span.rows) * group_bytes(span);
    char* out = bytes > 0 ? static_cast<char*>(at_least(context.packed, bytes)) : nullptr;
    for (ExpertSpan& span : groups.spans) {
        span.gathered = rows;
        span.packed = span.kernel->pack ? out : nullptr;
        rows += span.rows * k * span.kernel->element_bytes;
        out += packed_groups(span.rows) * group_bytes(span);
    }
    if (bytes == 0) return;
    const auto spans = static_cast<int64_t>(groups.spans.size());
    for_rows(context, spans, bytes / spans / static_cast<int64_t>(sizeof(float)), [&](int64_t begin, int64_t end) {
        for (int64_t index = begin; index < end; index++) {
            const ExpertSpan& span = groups.spans[static_cast<size_t>(index)];
            if (!span.packed) continue;
            for (int64_t group = 0; group < packed_groups(span.rows); group++) {
                pack_group(*span.kernel, span.packed, {span.gathered, k}, span.rows, group, k);
            }
        }
    });
}

}  // namespace

void expert_linear(Context& context, const ExpertWeights& weights, const ExpertLinear& arguments) {
    ExpertGroups& groups = context.expert_groups;
    const LinearWeight& any = *weights.experts.front();
    const int64_t k = any.in_features, columns = out_features(any);
    const bool panels = std::any_of(weights.experts.begin(), weights.experts.end(), [](const auto* weight) { return has_panels(*weight); });
    const auto count = static_cast<int64_t>(weights.experts.size());
    if (arguments.experts) group_rows(groups, arguments.experts, arguments.linear.rows, count);
    else group_heads(groups, arguments.linear.rows, count);
    // Experts in blocks beside dense ones are rare: all are then multiplied in float32.
    const bool bfloat16 = !panels && multiplies_bfloat16(context, any, arguments.linear.x_dtype);
    int64_t expert = 0, chunks = 0;
    for (int64_t first = 0; first < arguments.linear.rows;) {
        const int64_t rows = next_spans(context, groups, weights, first, expert, bfloat16, chunks);
        const int32_t* sorted = groups.rows.data() + first;
        const Activations gathered = gather(context, arguments, sorted, rows, k, !bfloat16);
        lay_out(context, groups, static_cast<const char*>(gathered.x), k);
        const uint8_t* quantized = panels ? quantize(context, gathered, rows, k) : nullptr;
        const bool parallel = rows * columns * k >= min_parallel_products(any);
        context.pool.run(chunks, parallel, [&](int64_t chunk, int thread) {
            const auto after = std::upper_bound(groups.spans.begin(), groups.spans.end(), chunk,
                                                [](int64_t wanted, const ExpertSpan& span) { return wanted < span.chunk; });
            const ExpertSpan& span = *(after - 1);
            const int64_t skipped = span.first - first;
            const LinearRows block = {span.rows,
                                      {span.packed ? span.packed : span.gathered, k},
                                      span.kernel,
                                      quantized ? quantized + skipped * activation_row_bytes(k) : nullptr,
                                      arguments.linear.out,
                                      arguments.linear.out_stride,
                                      arguments.linear.out_dtype,
                                      sorted + skipped};
            linear_chunk(context, *weights.experts[static_cast<size_t>(span.expert)], block, chunk - span.chunk, thread);
        });
        first += rows;
    }
}

void combine_experts(Context& context, const CombineExperts& arguments) {
    const auto kernel = context.kernels.experts.combine[arguments.dtype];
    const int64_t row_bytes = arguments.hidden * dtype::kSizes[arguments.dtype], chosen = arguments.chosen;
    for_rows(context, arguments.tokens, (chosen + 1) * arguments.hidden, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; t++) {
            kernel(static_cast<char*>(arguments.out) + t * row_bytes, static_cast<const char*>(arguments.x) + t * chosen * row_bytes,
                   arguments.weights + t * chosen, chosen, arguments.hidden);
        }
    });
}

}  // namespace octavo::cpu
