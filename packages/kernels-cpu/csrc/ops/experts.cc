// Linear layers of experts: the rows of a step are grouped by expert, so that each expert's weights are read once for all of
// them (once for each kRowBlock where there are more). A row's products are those of `linear`, whatever rows it is grouped with.
#include <algorithm>

#include "octavo/step_plan.h"
#include "ops/linear_rows.h"
#include "runtime/error.h"

namespace octavo::cpu {
namespace {

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

/** Whole experts from `expert` on with at most kRowBlock rows together, or a part of one that has more. @returns how many rows */
int64_t next_spans(ExpertGroups& groups, const ExpertWeights& weights, int64_t first, int64_t& expert, int threads, int64_t& chunks) {
    groups.spans.clear();
    chunks = 0;
    int64_t rows = 0;
    for (; expert < static_cast<int64_t>(weights.experts.size()); expert++) {
        const int64_t left = groups.starts[static_cast<size_t>(expert) + 1] - (first + rows);
        if (left == 0) continue;
        if (rows > 0 && rows + left > kRowBlock) break;
        const int64_t taken = std::min(left, kRowBlock);
        groups.spans.push_back({static_cast<int32_t>(expert), static_cast<int32_t>(first + rows), static_cast<int32_t>(taken), chunks});
        chunks += linear_chunks(*weights.experts[static_cast<size_t>(expert)], taken, threads);
        rows += taken;
        if (taken < left) break;
    }
    return rows;
}

/** The rows of x that sorted rows [first, first + rows) take, as float32. */
const float* gather(Context& context, const ExpertLinear& arguments, const int32_t* sorted, int64_t rows, int64_t k) {
    const Linear& call = arguments.linear;
    const size_t bytes = static_cast<size_t>(rows * k) * sizeof(float);
    if (context.activations.bytes() < bytes) context.activations = Memory::allocate(bytes);
    float* floats = static_cast<float*>(context.activations.data());
    const int64_t row_bytes = call.x_stride * dtype::kSizes[call.x_dtype];
    for_rows(context, rows, k, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) {
            const char* from = static_cast<const char*>(call.x) + sorted[row] / arguments.share * row_bytes;
            context.kernels.rows.to_float[call.x_dtype](floats + row * k, from, k);
        }
    });
    return floats;
}

}  // namespace

void expert_linear(Context& context, const ExpertWeights& weights, const ExpertLinear& arguments) {
    ExpertGroups& groups = context.expert_groups;
    const LinearWeight& any = *weights.experts.front();
    const int64_t k = any.in_features, columns = out_features(any);
    const bool panels = std::any_of(weights.experts.begin(), weights.experts.end(), [](const auto* weight) { return has_panels(*weight); });
    group_rows(groups, arguments.experts, arguments.linear.rows, static_cast<int64_t>(weights.experts.size()));
    int64_t expert = 0, chunks = 0;
    for (int64_t first = 0; first < arguments.linear.rows;) {
        const int64_t rows = next_spans(groups, weights, first, expert, context.pool.threads(), chunks);
        const int32_t* sorted = groups.rows.data() + first;
        const float* x = gather(context, arguments, sorted, rows, k);
        const uint8_t* quantized = panels ? quantize(context, x, k, rows, k) : nullptr;
        const bool parallel = rows * columns * k >= min_parallel_products(any);
        context.pool.run(chunks, parallel, [&](int64_t chunk, int thread) {
            const auto after = std::upper_bound(groups.spans.begin(), groups.spans.end(), chunk,
                                                [](int64_t wanted, const ExpertSpan& span) { return wanted < span.chunk; });
            const ExpertSpan& span = *(after - 1);
            const int64_t skipped = span.first - first;
            const LinearRows block = {span.rows,
                                      x + skipped * k,
                                      k,
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
