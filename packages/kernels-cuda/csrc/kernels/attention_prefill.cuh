// Attention of rows with several new tokens: limited by the tensor cores, 4 D FLOPs for each query head and key it sees. The way
// of FlashAttention-2 (Dao 2023): a block keeps a tile of queries and walks through the sequence's keys, softmax and sums stay
// in registers. A tile's rows are the tokens and the query heads of one cache head together, so that small chunks fill it too.
// There is one buffer for keys and one for values: the next keys come while the softmax and the values are at work, the values
// while the scores are. Two 16-row tiles a warp, because each fragment of keys or values is then read for both.
// Encoders take the same way: their keys are the step's own tokens.
#pragma once

#include "kernels/attention_row.cuh"
#include "kernels/element.cuh"
#include "kernels/mma.cuh"

namespace octavo::cuda::kernels {

inline constexpr int kPrefillWarps = 4, kPrefillThreads = kPrefillWarps * kWarp;

/** Sized for two blocks a multiprocessor: 255 registers a thread, and 99 KiB of shared memory where there is no more. */
template <int kDim>
struct PrefillShape {
    static constexpr int kRowTiles = kDim > 128 ? 1 : 2;  // a warp
    static constexpr int kWarpRows = 16 * kRowTiles, kRows = kPrefillWarps * kWarpRows;
    static constexpr int kKeys = kDim > 128 ? 32 : 64;
    static constexpr int kStride = kDim + kTilePadding;
    static constexpr size_t kSharedBytes = size_t{kRows + 2 * kKeys} * kStride * sizeof(uint16_t);
};

/** The most tiles that `tokens` tokens in `rows` rows can need, and where row `rows` would begin in such a count. */
__host__ __device__ inline int64_t prefill_tiles(int64_t tokens, int64_t rows, int64_t group, int64_t tile_rows) {
    return tokens * group / tile_rows + rows;
}

/** Where keys lie that are no cache's: those of consecutive tokens are so many elements apart. */
struct PromptStrides {
    int64_t keys, values;
};

/**
 * Grid: [prefill_tiles, cache heads]. Entries with one token are left to the other kernel, but an encoder has none.
 * @param cache of an encoder: its heads, and keys and values of token 0; `strides` is for it alone
 */
template <typename T, int kDim, AttentionKind kKind>
__global__ void __launch_bounds__(kPrefillThreads, 2)
    attention_prefill(PagedCache cache, PromptStrides strides, BatchView batch, PagedAttention a, Fault* fault) {
    using Shape = PrefillShape<kDim>;
    constexpr bool kEncoder = kKind == AttentionKind::kEncoder, kWithOptions = kKind != AttentionKind::kPlain;
    constexpr int kRows = Shape::kRows, kKeys = Shape::kKeys, kRowTiles = Shape::kRowTiles, kStride = Shape::kStride;
    constexpr int kPacks = kDim / Pack<T>::kSize;
    extern __shared__ uint4 dynamic_shared[];
    __shared__ int cache_rows[2][kKeys];
    T* query_tile = reinterpret_cast<T*>(dynamic_shared);
    T* key_tile = query_tile + kRows * kStride;
    T* value_tile = key_tile + kKeys * kStride;
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarp, warp = thread / kWarp;
    const int kv_head = static_cast<int>(blockIdx.y), group = static_cast<int>(a.heads / cache.kv_heads);

    // Late tiles of a prompt see the most keys: they start first. A tile's entry is the last that begins before it.
    const int32_t* starts = batch.plan + batch.query_starts;
    const int64_t tile = static_cast<int64_t>(gridDim.x) - 1 - blockIdx.x;
    int64_t entry = 0;
    for (int64_t high = a.rows - 1; entry < high;) {
        const int64_t middle = (entry + high + 1) / 2;
        if (prefill_tiles(starts[middle], middle, group, kRows) <= tile) {
            entry = middle;
        } else {
            high = middle - 1;
        }
    }
    AttentionRow row;
    if constexpr (kEncoder) {
        if (!find_prompt(batch, a, entry, row, fault)) return;
    } else {
        if (!find_row(batch, a, entry, row, fault) || row.query_len == 1) return;
    }
    const int64_t first_row = (tile - prefill_tiles(row.first_token, entry, group, kRows)) * kRows;
    if (first_row < 0 || first_row >= static_cast<int64_t>(row.query_len) * group) return;
    const int first = static_cast<int>(first_row), last = min(first + kRows, row.query_len * group) - 1;
    // A token at a position sees [first_seen_by, end_seen_by).
    const int window = static_cast<int>(a.options.window), length = row.context_len + row.query_len;
    const auto first_seen_by = [&](int position) { return kWithOptions ? max(0, position + 1 - window) : 0; };
    const auto end_seen_by = [&](int position) { return kEncoder ? min(length, position + window) : position + 1; };
    const int first_position = row.context_len + first / group, last_position = row.context_len + last / group;
    const int first_seen = first_seen_by(first_position), shortest = end_seen_by(first_position), longest = end_seen_by(last_position);
    const int first_key = first_seen / kKeys * kKeys;
    const int key_tiles = (longest - first_key + kKeys - 1) / kKeys;

    const auto find_position = [&](int index) {
        const int position = first_key + index * kKeys + thread;
        if (thread >= kKeys || position < first_seen || position >= longest) return -1;
        return kEncoder ? row.first_token + position : cache_row(cache, row.table, position, kv_head, fault);
    };
    const int64_t key_stride = kEncoder ? strides.keys : kDim, value_stride = kEncoder ? strides.values : kDim;
    const int64_t head_offset = kEncoder ? kv_head * kDim : 0;
    const auto start_tile = [&](T* to, const void* from, int64_t stride, int index) {
#pragma unroll 4  // more at once would take registers from the scores
        for (int i = 0; i < kKeys * kPacks / kPrefillThreads; i++) {
            const int key = (thread + i * kPrefillThreads) / kPacks, d = (thread + i * kPrefillThreads) % kPacks * Pack<T>::kSize;
            const int found = cache_rows[index % 2][key];
            // What no token of the tile sees comes as zeros: what lies there may be NaN.
            copy_async(to + key * kStride + d, static_cast<const T*>(from) + max(found, 0) * stride + head_offset + d, found >= 0);
        }
        commit_copies();
    };

    if (thread < kKeys) cache_rows[0][thread] = find_position(0);
    int next = find_position(1);
    for (int i = thread; i < kRows * kPacks; i += kPrefillThreads) {
        const int line = i / kPacks, d = i % kPacks * Pack<T>::kSize, index = min(first + line, last);
        const int64_t token = row.first_token + index / group, head = kv_head * group + index % group;
        copy_async(query_tile + line * kStride + d, static_cast<const T*>(a.q) + token * a.q_stride + head * kDim + d, true);
    }
    __syncthreads();
    start_tile(key_tile, cache.keys, key_stride, 0);

    const ScoreRule rule(a.options);
    // With options the scores are complete before they are compared.
    const float scale = kWithOptions ? 1.0f : a.options.scale * kLog2OfE;
    float largest[kRowTiles][2], total[kRowTiles][2], sums[kRowTiles][kDim / 8][4];
#pragma unroll
    for (int m = 0; m < kRowTiles; m++) {
#pragma unroll
        for (int h = 0; h < 2; h++) {
            largest[m][h] = kWithOptions ? kLowestScore : -INFINITY;
            total[m][h] = 0;
        }
#pragma unroll
        for (int n = 0; n < kDim / 8; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) sums[m][n][i] = 0;
        }
    }
    const T* warp_queries = query_tile + (warp * Shape::kWarpRows + lane % 16) * kStride + lane / 16 * 8;
    const T* lane_keys = key_tile + (lane % 8 + lane / 16 * 8) * kStride + lane / 8 % 2 * 8;
    const T* lane_values = value_tile + lane % 16 * kStride + lane / 16 * 8;

    for (int index = 0; index < key_tiles; index++) {
        if (thread < kKeys) cache_rows[(index + 1) % 2][thread] = next;
        wait_copies<0>();
        __syncthreads();  // the keys are there; nobody needs the values before any more
        start_tile(value_tile, cache.values, value_stride, index);
        next = find_position(index + 2);

        float scores[kRowTiles][kKeys / 8][4] = {};
#pragma unroll
        for (int k = 0; k < kDim / 16; k++) {
            uint32_t left[kRowTiles][4];
#pragma unroll
            for (int m = 0; m < kRowTiles; m++) load_matrices(left[m], warp_queries + m * 16 * kStride + k * 16);
#pragma unroll
            for (int n = 0; n < kKeys / 8; n += 2) {
                uint32_t right[4];
                load_matrices(right, lane_keys + n * 8 * kStride + k * 16);
#pragma unroll
                for (int m = 0; m < kRowTiles; m++) {
                    multiply_add<T>(scores[m][n], left[m], right[0], right[1]);
                    multiply_add<T>(scores[m][n + 1], left[m], right[2], right[3]);
                }
            }
        }
        wait_copies<0>();
        __syncthreads();  // the values are there; nobody needs the keys any more
        if (index + 1 < key_tiles) start_tile(key_tile, cache.keys, key_stride, index + 1);

        const int tile_key = first_key + index * kKeys;
        if constexpr (kWithOptions) {
            const bool masked = tile_key + kKeys > shortest || tile_key < first_seen_by(last_position);
#pragma unroll
            for (int m = 0; m < kRowTiles; m++) {
#pragma unroll
                for (int h = 0; h < 2; h++) {
                    const int line = min(first + warp * Shape::kWarpRows + m * 16 + h * 8 + lane / 4, last);
                    const int position = row.context_len + line / group, lane_key = tile_key + lane % 4 * 2;
                    const float slope = a.options.slopes ? kLog2OfE * a.options.slopes[kv_head * group + line % group] : 0.0f;
                    const int from = first_seen_by(position) - lane_key, to = end_seen_by(position) - lane_key;
#pragma unroll
                    for (int n = 0; n < kKeys / 8; n++) {
#pragma unroll
                        for (int i = 0; i < 2; i++) {
                            const int key = n * 8 + i;
                            const float distance = fabsf(static_cast<float>(position - lane_key - key));
                            const float score = rule(scores[m][n][2 * h + i]) - slope * distance;
                            scores[m][n][2 * h + i] = masked && (key < from || key >= to) ? -INFINITY : score;
                        }
                    }
                }
            }
        } else if (tile_key + kKeys > shortest) {
#pragma unroll
            for (int m = 0; m < kRowTiles; m++) {
#pragma unroll
                for (int h = 0; h < 2; h++) {
                    const int line = first + warp * Shape::kWarpRows + m * 16 + h * 8 + lane / 4;
                    const int seen = row.context_len + min(line, last) / group + 1 - tile_key - lane % 4 * 2;
#pragma unroll
                    for (int n = 0; n < kKeys / 8; n++) {
                        if (n * 8 >= seen) scores[m][n][2 * h] = -INFINITY;
                        if (n * 8 + 1 >= seen) scores[m][n][2 * h + 1] = -INFINITY;
                    }
                }
            }
        }
        // Every row sees position 0, so its largest score is finite from the first tile on; with a window it begins with a finite one.
#pragma unroll
        for (int m = 0; m < kRowTiles; m++) {
#pragma unroll
            for (int h = 0; h < 2; h++) {
                float now = scores[m][0][2 * h];
#pragma unroll
                for (int n = 0; n < kKeys / 8; n++) now = fmaxf(now, fmaxf(scores[m][n][2 * h], scores[m][n][2 * h + 1]));
                now = fmaxf(largest[m][h], scale * quad_max(now));
                const float correction = fast_exp2(largest[m][h] - now);
                largest[m][h] = now;
                float sum = 0;
#pragma unroll
                for (int n = 0; n < kKeys / 8; n++) {
#pragma unroll
                    for (int i = 2 * h; i < 2 * h + 2; i++) {
                        scores[m][n][i] = fast_exp2(fmaf(scores[m][n][i], scale, -now));
                        sum += scores[m][n][i];
                    }
                }
                total[m][h] = total[m][h] * correction + sum;
#pragma unroll
                for (int n = 0; n < kDim / 8; n++) {
                    sums[m][n][2 * h] *= correction;
                    sums[m][n][2 * h + 1] *= correction;
                }
            }
        }
#pragma unroll
        for (int k = 0; k < kKeys / 16; k++) {
            uint32_t left[kRowTiles][4];
#pragma unroll
            for (int m = 0; m < kRowTiles; m++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    const float* pair = scores[m][2 * k + i / 2] + i % 2 * 2;
                    left[m][i] = pack_pair<T>(pair[0], pair[1]);
                }
            }
#pragma unroll
            for (int n = 0; n < kDim / 8; n += 2) {
                uint32_t right[4];
                load_matrices_transposed(right, lane_values + k * 16 * kStride + n * 8);
#pragma unroll
                for (int m = 0; m < kRowTiles; m++) {
                    multiply_add<T>(sums[m][n], left[m], right[0], right[1]);
                    multiply_add<T>(sums[m][n + 1], left[m], right[2], right[3]);
                }
            }
        }
    }

    // The warp's results take the place of its queries, so that whole packs are stored.
#pragma unroll
    for (int m = 0; m < kRowTiles; m++) {
#pragma unroll
        for (int h = 0; h < 2; h++) {
            float divisor = quad_sum(total[m][h]);
            if constexpr (kWithOptions) {
                const int line = min(first + warp * Shape::kWarpRows + m * 16 + h * 8 + lane / 4, last);
                divisor += sink_weight(a.options.sinks, kv_head * group + line % group, largest[m][h]);
            }
            const float factor = 1 / divisor;
            T* to = query_tile + (warp * Shape::kWarpRows + m * 16 + h * 8 + lane / 4) * kStride + lane % 4 * 2;
#pragma unroll
            for (int n = 0; n < kDim / 8; n++) {
                *reinterpret_cast<uint32_t*>(to + n * 8) = pack_pair<T>(sums[m][n][2 * h] * factor, sums[m][n][2 * h + 1] * factor);
            }
        }
    }
    __syncwarp();
    for (int i = lane; i < Shape::kWarpRows * kPacks; i += kWarp) {
        const int line = warp * Shape::kWarpRows + i / kPacks, d = i % kPacks * Pack<T>::kSize, index = first + line;
        if (index > last) break;
        const int64_t token = row.first_token + index / group, head = kv_head * group + index % group;
        T* to = static_cast<T*>(a.out) + token * a.out_stride + head * kDim + d;
        *reinterpret_cast<uint4*>(to) = *reinterpret_cast<const uint4*>(query_tile + line * kStride + d);
    }
}

}  // namespace octavo::cuda::kernels
