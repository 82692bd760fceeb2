// Attention over a paged cache with the online softmax of Milakov and Gimelshein 2018: one pass over the blocks from
// position 0, in order, so that a token's result does not depend on the chunk it came in. The keys and values of a block
// are read once for all queries of a unit (the heads of a kv group, for a few neighbouring tokens).
#pragma once

#include "kernels/kernels.h"
#include "kernels/tile.h"

namespace {

using octavo::cpu::AttentionUnit;

constexpr int64_t padded(int64_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

/** What the queries of a unit accumulate; pointers into the scratch. */
struct SoftmaxState {
    float* queries;   // [queries, width], scaled
    float* outputs;   // [queries, width]
    float* scores;    // [queries, keys]
    float* totals;    // [queries, kLanes], lane-wise sums of the exponentials
    float* maxima;    // [queries, kLanes], the first lane used
    int64_t width;    // padded head size
    int64_t keys;     // padded block size
};

/** Rows of a block as float32: where they lie when the cache is float32 and needs no padding, else converted. */
template <typename T>
OCTAVO_INLINE const float* block_rows(const T* from, int64_t rows, int64_t head_dim, int64_t width, float* scratch) {
    if (sizeof(T) == sizeof(float) && head_dim == width) return reinterpret_cast<const float*>(from);
    for (int64_t row = 0; row < rows; row++) {
        for_lanes(head_dim, [&](int64_t i, auto load, auto) { store(scratch + row * width + i, load(from + row * head_dim + i)); });
    }
    return scratch;
}

/** Turns a query's `count` scores into exponentials and rescales its sums. @returns the factor for its output so far */
OCTAVO_INLINE float update_softmax(const SoftmaxState& state, int64_t query, int64_t count) {
    float* scores = state.scores + query * state.keys;
    for (int64_t i = count; i < padded(count); i++) scores[i] = -kInfinity;
    Vec best = load(scores);
    for (int64_t i = kLanes; i < count; i += kLanes) best = maximum(load(scores + i), best);
    float& maximum_so_far = state.maxima[query * kLanes];
    const float block_maximum = largest(best);
    const float next = block_maximum > maximum_so_far ? block_maximum : maximum_so_far;
    const float correction = exponential(broadcast(maximum_so_far - next))[0];
    Vec total = load(state.totals + query * kLanes) * correction;
    for (int64_t i = 0; i < count; i += kLanes) {
        Vec weights = exponential(load(scores + i) - next);
        store(scores + i, weights);
        total += weights;
    }
    store(state.totals + query * kLanes, total);
    maximum_so_far = next;
    return correction;
}

/** outputs = outputs * correction + sum over keys of weight * value, for `Columns` vectors of the head. */
template <int Columns>
OCTAVO_INLINE void accumulate_values(float* outputs, const float* weights, int64_t count, const float* values, int64_t width,
                                     float correction) {
    Vec sums[Columns];
    for (int c = 0; c < Columns; c++) sums[c] = load(outputs + c * kLanes) * correction;
    for (int64_t key = 0; key < count; key++) {
        Vec weight = broadcast(weights[key]);
        for (int c = 0; c < Columns; c++) sums[c] = multiply_add(weight, load(values + key * width + c * kLanes), sums[c]);
    }
    for (int c = 0; c < Columns; c++) store(outputs + c * kLanes, sums[c]);
}

template <typename T>
void attention_unit(const AttentionUnit& unit, float* scratch) {
    const int64_t head_dim = unit.cache.head_dim, block_size = unit.cache.block_size;
    const int64_t queries = unit.tokens * unit.group;
    SoftmaxState state;
    state.width = padded(head_dim);
    state.keys = padded(block_size);
    state.queries = scratch;
    state.outputs = state.queries + queries * state.width;
    state.scores = state.outputs + queries * state.width;
    state.totals = state.scores + queries * state.keys;
    state.maxima = state.totals + queries * kLanes;
    float* key_scratch = state.maxima + queries * kLanes;
    float* value_scratch = key_scratch + block_size * state.width;
    // Converted rows are padded to whole lanes with zeros, which add nothing to a dot product.
    float* zeroed_end = state.width == head_dim ? key_scratch : value_scratch + block_size * state.width;
    memset(scratch, 0, static_cast<size_t>(zeroed_end - scratch) * sizeof(float));

    for (int64_t query = 0; query < queries; query++) {
        const T* from = static_cast<const T*>(unit.q) + query / unit.group * unit.q_stride + query % unit.group * head_dim;
        float* to = state.queries + query * state.width;
        for_lanes(head_dim, [&](int64_t i, auto load, auto) { store(to + i, load(from + i) * unit.scale); });
        state.maxima[query * kLanes] = -kInfinity;
    }

    const int64_t length = unit.first_position + unit.tokens;
    for (int64_t start = 0; start < length; start += block_size) {
        const int64_t offset = unit.cache.blocks[start / block_size] * unit.cache.block_stride;
        const int64_t filled = length - start < block_size ? length - start : block_size;
        const float* keys = block_rows(static_cast<const T*>(unit.cache.keys) + offset, filled, head_dim, state.width, key_scratch);
        const float* values = block_rows(static_cast<const T*>(unit.cache.values) + offset, filled, head_dim, state.width, value_scratch);
        // Tokens before this block see none of it; those whose last position lies inside of it see its beginning.
        const int64_t first_token = start > unit.first_position ? start - unit.first_position : 0;
        const int64_t first_query = first_token * unit.group;
        dot_products(state.queries + first_query * state.width, state.width, queries - first_query, keys, state.width, filled,
                     state.width, [&](int64_t query, int64_t key, const float* scores, int count) {
                         float* to = state.scores + (first_query + query) * state.keys + key;
                         for (int i = 0; i < count; i++) to[i] = scores[i];
                     });
        for (int64_t query = first_query; query < queries; query++) {
            const int64_t seen = unit.first_position + query / unit.group + 1 - start;
            const int64_t count = seen < block_size ? seen : block_size;
            const float correction = update_softmax(state, query, count);
            float* outputs = state.outputs + query * state.width;
            const float* weights = state.scores + query * state.keys;
            int64_t d = 0;
            for (; d + 8 * kLanes <= state.width; d += 8 * kLanes) {
                accumulate_values<8>(outputs + d, weights, count, values + d, state.width, correction);
            }
            for (; d < state.width; d += kLanes) {
                accumulate_values<1>(outputs + d, weights, count, values + d, state.width, correction);
            }
        }
    }

    for (int64_t query = 0; query < queries; query++) {
        T* to = static_cast<T*>(unit.out) + query / unit.group * unit.out_stride + query % unit.group * head_dim;
        const float* from = state.outputs + query * state.width;
        const float total = sum(load(state.totals + query * kLanes));
        for_lanes(head_dim, [&](int64_t i, auto, auto store) { store(to + i, load(from + i) / total); });
    }
}

octavo::cpu::AttentionKernels attention_kernels() {
    return {{attention_unit<float>, attention_unit<Half>, attention_unit<Bfloat16>}};
}

}  // namespace
