// Attention over a paged cache with the online softmax of Milakov and Gimelshein 2018: one pass over the blocks from
// the first that a token sees, in order, so that its result does not depend on the chunk it came in: blocks begin at fixed positions.
// The keys and values of a block are read once for all queries of a unit (the heads of a kv group, for a few neighbouring tokens).
#pragma once

#include "kernels/kernels.h"
#include "kernels/special.h"
#include "kernels/tile.h"

namespace {

using octavo::cpu::AttentionUnit;

constexpr int64_t padded(int64_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

/** What the queries of a unit accumulate; pointers into the scratch. */
struct SoftmaxState {
    float* queries;      // [queries, width], scaled
    float* outputs;      // [queries, value_width]
    float* totals;       // [queries, kLanes], lane-wise sums of the exponentials
    float* maxima;       // [queries]
    float* corrections;  // [queries], factors for the outputs so far
    float* scores;       // [queries, keys]
    int64_t width;       // padded head size
    int64_t value_width;
    int64_t keys;        // padded block size
};

/** Keys [first, end) of a block. */
struct KeyRange {
    int64_t first, end;
    bool operator==(const KeyRange&) const = default;
};

/** Rows as float32, and how far they are apart. */
struct Rows {
    const float* first;
    int64_t stride;
};

/** Rows of a block: where they lie when they are float32 and need no padding, else converted. */
template <typename T>
OCTAVO_INLINE Rows block_rows(const T* from, int64_t stride, int64_t rows, int64_t head_dim, int64_t width, float* scratch) {
    if (sizeof(T) == sizeof(float) && head_dim == width) return {reinterpret_cast<const float*>(from), stride};
    for (int64_t row = 0; row < rows; row++) {
        for_lanes(head_dim, [&](int64_t i, auto load, auto) { store(scratch + row * width + i, load(from + row * stride + i)); });
    }
    return {scratch, width};
}

/** Caps a query's scores of the keys [first, end) and takes off what their distance costs. `behind`: its position after the first key's. */
OCTAVO_INLINE void adjust_scores(float* scores, int64_t first, int64_t end, float softcap, float slope, int64_t behind) {
    Vec lanes;
    for (int i = 0; i < kLanes; i++) lanes[i] = static_cast<float>(i);
    for (int64_t i = first; i < end; i += kLanes) {
        Vec values = load(scores + i);
        if (softcap != 0) values = hyperbolic_tangent(values / softcap) * softcap;
        if (slope != 0) {
            const Vec offset = static_cast<float>(behind - i) - lanes;
            values -= maximum(offset, -offset) * slope;
        }
        store(scores + i, values);
    }
}

/** Turns a query's scores of the keys that it sees into exponentials and rescales its sum. */
OCTAVO_INLINE void update_softmax(const SoftmaxState& state, int64_t query, KeyRange seen) {
    float* scores = state.scores + query * state.keys;
    const int64_t begin = seen.first / kLanes * kLanes;
    for (int64_t i = begin; i < seen.first; i++) scores[i] = -kInfinity;
    for (int64_t i = seen.end; i < padded(seen.end); i++) scores[i] = -kInfinity;
    Vec best = load(scores + begin);
    for (int64_t i = begin + kLanes; i < seen.end; i += kLanes) best = maximum(load(scores + i), best);
    float& maximum_so_far = state.maxima[query];
    const float block_maximum = largest(best);
    const float next = block_maximum > maximum_so_far ? block_maximum : maximum_so_far;
    const float correction = exponential(broadcast(maximum_so_far - next))[0];
    Vec total = load(state.totals + query * kLanes) * correction;
    for (int64_t i = begin; i < seen.end; i += kLanes) {
        Vec weights = exponential(load(scores + i) - next);
        store(scores + i, weights);
        total += weights;
    }
    store(state.totals + query * kLanes, total);
    maximum_so_far = next;
    state.corrections[query] = correction;
}

/** outputs = outputs * correction + sum over the keys seen of weight * value, for `Queries` queries and `Columns` vectors of the head. */
template <int Queries, int Columns>
OCTAVO_INLINE void accumulate_columns(const SoftmaxState& state, int64_t query, KeyRange seen, Rows values, int64_t column) {
    float* outputs = state.outputs + query * state.value_width + column;
    const float* weights = state.scores + query * state.keys;
    Vec sums[Queries][Columns];
    for (int q = 0; q < Queries; q++) {
        for (int c = 0; c < Columns; c++) sums[q][c] = load(outputs + q * state.value_width + c * kLanes) * state.corrections[query + q];
    }
    for (int64_t key = seen.first; key < seen.end; key++) {
        Vec value[Columns];
        for (int c = 0; c < Columns; c++) value[c] = load(values.first + key * values.stride + column + c * kLanes);
        for (int q = 0; q < Queries; q++) {
            const Vec weight = broadcast(weights[q * state.keys + key]);
            for (int c = 0; c < Columns; c++) sums[q][c] = multiply_add(weight, value[c], sums[q][c]);
        }
    }
    for (int q = 0; q < Queries; q++) {
        for (int c = 0; c < Columns; c++) store(outputs + q * state.value_width + c * kLanes, sums[q][c]);
    }
}

/** Queries that read values together: with two vectors of the head each, enough chains to hide the latency of FMA. */
constexpr int kQueriesTogether = 4;

/** As accumulate_columns for the whole head. */
template <int Queries>
void accumulate_values(const SoftmaxState& state, int64_t query, KeyRange seen, Rows values) {
    constexpr int kColumns = Queries == 1 ? 8 : 2;
    int64_t column = 0;
    for (; column + kColumns * kLanes <= state.value_width; column += kColumns * kLanes) {
        accumulate_columns<Queries, kColumns>(state, query, seen, values, column);
    }
    for (; column < state.value_width; column += kLanes) accumulate_columns<Queries, 1>(state, query, seen, values, column);
}

template <typename T>
void attention_unit(const AttentionUnit& unit, float* scratch) {
    const octavo::cpu::KeyBlocks& sequence = unit.sequence;
    const int64_t head_dim = sequence.head_dim, value_dim = sequence.value_dim, block_size = sequence.block_size;
    const int64_t queries = unit.tokens * unit.group;
    SoftmaxState state;
    state.width = padded(head_dim);
    state.value_width = padded(value_dim);
    state.keys = padded(block_size);
    state.queries = scratch;
    state.outputs = state.queries + queries * state.width;
    state.totals = state.outputs + queries * state.value_width;
    state.maxima = state.totals + queries * kLanes;
    state.corrections = state.maxima + queries;
    float* key_scratch = state.maxima + queries * kLanes;
    float* value_scratch = key_scratch + block_size * state.width;
    state.scores = value_scratch + block_size * state.value_width;
    // Converted rows are padded to whole lanes with zeros, which add nothing to a dot product.
    const bool padded_rows = state.width != head_dim || state.value_width != value_dim;
    float* zeroed_end = padded_rows ? state.scores : state.maxima;
    memset(scratch, 0, static_cast<size_t>(zeroed_end - scratch) * sizeof(float));

    for (int64_t query = 0; query < queries; query++) {
        const T* from = static_cast<const T*>(unit.q) + query / unit.group * unit.q_stride + query % unit.group * head_dim;
        float* to = state.queries + query * state.width;
        for_lanes(head_dim, [&](int64_t i, auto load, auto) { store(to + i, load(from + i) * unit.scale); });
        state.maxima[query] = -kInfinity;
    }

    const bool adjusts = unit.softcap != 0 || unit.slopes;
    const int64_t first_seen = unit.first_position > unit.before ? unit.first_position - unit.before : 0;
    const int64_t last_seen = unit.first_position + unit.tokens - 1 + unit.after;
    const int64_t end = last_seen < sequence.length ? last_seen + 1 : sequence.length;
    for (int64_t start = first_seen / block_size * block_size; start < end; start += block_size) {
        const int64_t block = sequence.blocks ? sequence.blocks[start / block_size] : start / block_size;
        const int64_t filled = end - start < block_size ? end - start : block_size;
        const T* block_keys = static_cast<const T*>(sequence.keys) + block * sequence.key_block_stride;
        const T* block_values = static_cast<const T*>(sequence.values) + block * sequence.value_block_stride;
        const Rows keys = block_rows(block_keys, sequence.key_stride, filled, head_dim, state.width, key_scratch);
        // Values that are a part of the keys were converted with them.
        const int64_t inside = block_values - block_keys;
        const bool are_keys = inside >= 0 && inside + value_dim <= head_dim && state.value_width == value_dim;
        const Rows values = are_keys ? Rows{keys.first + inside, keys.stride}
                                     : block_rows(block_values, sequence.value_stride, filled, value_dim, state.value_width, value_scratch);
        // Tokens too far before this block or too far behind it see none of it.
        const int64_t first_token = start > unit.first_position + unit.after ? start - unit.first_position - unit.after : 0;
        const int64_t reach = start + filled + unit.before - unit.first_position;
        const int64_t first_query = first_token * unit.group, end_query = (reach < unit.tokens ? reach : unit.tokens) * unit.group;
        dot_products(state.queries + first_query * state.width, state.width, end_query - first_query, keys.first, keys.stride, filled,
                     state.width, [&](int64_t query, int64_t key, const float* scores, int count) {
                         float* to = state.scores + (first_query + query) * state.keys + key;
                         for (int i = 0; i < count; i++) to[i] = scores[i];
                     });
        auto seen_by = [&](int64_t query) {
            const int64_t behind = unit.first_position + query / unit.group - start;
            const int64_t last = behind + unit.after;
            return KeyRange{behind > unit.before ? behind - unit.before : 0, last < filled ? last + 1 : filled};
        };
        for (int64_t query = first_query; query < end_query; query++) {
            const KeyRange seen = seen_by(query);
            if (adjusts) {
                const int64_t behind = unit.first_position + query / unit.group - start;
                const float slope = unit.slopes ? unit.slopes[query % unit.group] : 0;
                adjust_scores(state.scores + query * state.keys, seen.first / kLanes * kLanes, seen.end, unit.softcap, slope, behind);
            }
            update_softmax(state, query, seen);
        }
        for (int64_t query = first_query; query < end_query;) {
            const KeyRange seen = seen_by(query);
            // What the first and the last of them see is what those between see.
            if (query + kQueriesTogether <= end_query && seen_by(query + kQueriesTogether - 1) == seen) {
                accumulate_values<kQueriesTogether>(state, query, seen, values);
                query += kQueriesTogether;
            } else {
                accumulate_values<1>(state, query++, seen, values);
            }
        }
    }

    for (int64_t query = 0; query < queries; query++) {
        T* to = static_cast<T*>(unit.out) + query / unit.group * unit.out_stride + query % unit.group * value_dim;
        const float* from = state.outputs + query * state.value_width;
        float total = sum(load(state.totals + query * kLanes));
        // Far above the scores a sink makes the total infinite, and the output 0.
        if (unit.sinks) total += exponential(broadcast(unit.sinks[query % unit.group] - state.maxima[query]))[0];
        for_lanes(value_dim, [&](int64_t i, auto, auto store) { store(to + i, load(from + i) / total); });
    }
}

octavo::cpu::AttentionKernels attention_kernels() {
    return {{attention_unit<float>, attention_unit<Half>, attention_unit<Bfloat16>}};
}

}  // namespace
