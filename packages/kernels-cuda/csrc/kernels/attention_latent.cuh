// Attention over latents (DeepSeek V2 and V3): many query heads read one cached row a position, and its value is a part of that row. So a
// tile of keys is brought into shared memory once and serves as both. A block keeps 64 queries, the heads of one or more tokens, and walks
// through its share of the sequence in tiles of 32 positions that are copied while others are at work; eight warps take 16 queries by
// half of the keys for the scores, and 16 queries by half of the value for the sums, whose 128 registers a thread are what bounds the tile.
//
// Limits. Decoding reads 2 kDim bytes a position: memory up to 64 heads; above, each further tile of heads reads the row again, from the
// second-level cache, and computing counts. Prompts: 2 (kDim + kValueDim) FLOPs for each head and key, on the tensor cores; by count of bytes
// reading fragments from shared memory comes first here, 424 KiB a tile of keys, about twice the time of its products. Not measured yet.
#pragma once

#include "kernels/attention_decode.cuh"
#include "kernels/attention_prefill.cuh"

namespace octavo::cuda::kernels {

inline constexpr int kLatentWarps = 8, kLatentThreads = kLatentWarps * kWarp;
/** Shares are made until there are about as many blocks as multiprocessors, of which each has room for one. */
inline constexpr int kLatentBlocks = 128;

template <int kDim, int kValueDim>
struct LatentShape {
    static constexpr int kRowGroups = kLatentWarps / 2;
    static constexpr int kRows = 16 * kRowGroups, kKeys = 32, kHalfKeys = kKeys / 2, kHalfValue = kValueDim / 2;
    static constexpr int kStride = kDim + kTilePadding, kWeightStride = kKeys + kTilePadding;
    static constexpr size_t kSharedBytes = (size_t{kRows + 2 * kKeys} * kStride + size_t{kRows} * kWeightStride) * sizeof(uint16_t);
    static_assert(kKeys * (kDim / 8) % kLatentThreads == 0 && kValueDim % 32 == 0 && kDim % 16 == 0);
    static_assert(size_t{kRows} * kMaxSplits * sizeof(float) <= kSharedBytes);
};

/** Which queries a block computes: consecutive ones of an entry, head by head of its tokens. */
struct LatentTile {
    AttentionRow row;
    int64_t entry;
    int first, last;
};

/** @returns false where there is nothing to do for this block */
template <int kRows, bool kDecode>
__device__ inline bool find_latent_tile(const BatchView& batch, const PagedAttention& a, int group, int head_tiles, LatentTile& tile,
                                        Fault* fault) {
    int64_t first = 0;
    tile.entry = 0;
    if constexpr (kDecode) {
        tile.entry = blockIdx.x / head_tiles;
        first = static_cast<int64_t>(blockIdx.x) % head_tiles * kRows;
        if (!find_row(batch, a, tile.entry, tile.row, fault)) return false;
        if (tile.row.query_len != 1) {
            // Without more tokens than rows nobody else would compute it.
            if (a.tokens <= a.rows && threadIdx.x == 0) report(fault, kPlanEntry, tile.row.query_len);
            return false;
        }
    } else {
        // Late tiles of a prompt see the most keys: they start first. A tile's entry is the last that begins before it.
        const int32_t* starts = batch.plan + batch.query_starts;
        const int64_t index = static_cast<int64_t>(gridDim.x) - 1 - blockIdx.x;
        for (int64_t high = a.rows - 1; tile.entry < high;) {
            const int64_t middle = (tile.entry + high + 1) / 2;
            if (prefill_tiles(starts[middle], middle, group, kRows) <= index) {
                tile.entry = middle;
            } else {
                high = middle - 1;
            }
        }
        if (!find_row(batch, a, tile.entry, tile.row, fault) || tile.row.query_len == 1) return false;
        first = (index - prefill_tiles(tile.row.first_token, tile.entry, group, kRows)) * kRows;
    }
    const int64_t count = static_cast<int64_t>(tile.row.query_len) * group;
    if (first < 0 || first >= count) return false;
    tile.first = static_cast<int>(first);
    tile.last = static_cast<int>(min(first + kRows, count)) - 1;
    return true;
}

/**
 * Decoding: grid [entries * head_tiles, cache heads, splits], for entries of one token. Prompts: [prefill_tiles, cache heads], for the others.
 * @param value_at where in a cached row its value begins; a multiple of 8
 */
template <typename T, int kDim, int kValueDim, bool kDecode>
__global__ void __launch_bounds__(kLatentThreads, 1)
    attention_latent(PagedCache cache, BatchView batch, PagedAttention a, int value_at, int head_tiles, DecodeScratch scratch, Fault* fault) {
    using Shape = LatentShape<kDim, kValueDim>;
    constexpr int kRows = Shape::kRows, kKeys = Shape::kKeys, kStride = Shape::kStride, kPacks = kDim / Pack<T>::kSize;
    constexpr int kValueTiles = Shape::kHalfValue / 8;
    extern __shared__ uint4 dynamic_shared[];
    __shared__ int cache_rows[2][kKeys];
    __shared__ float maxima[2][kRows], totals[2][kRows];
    T* query_tile = reinterpret_cast<T*>(dynamic_shared);
    T* key_tiles = query_tile + kRows * kStride;
    T* weight_tile = key_tiles + 2 * kKeys * kStride;
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarp;
    const int own_row = thread / kWarp % Shape::kRowGroups * 16, half = thread / kWarp / Shape::kRowGroups;
    const int kv_head = static_cast<int>(blockIdx.y), group = static_cast<int>(a.heads / cache.kv_heads);
    LatentTile tile;
    if (!find_latent_tile<kRows, kDecode>(batch, a, group, head_tiles, tile, fault)) return;
    const AttentionRow row = tile.row;

    // The first tile of every share has a position that each of its queries sees: their largest scores are finite.
    const int shortest = row.context_len + tile.first / group + 1, longest = row.context_len + tile.last / group + 1;
    const int split = kDecode ? static_cast<int>(blockIdx.z) : 0, splits = kDecode ? static_cast<int>(gridDim.z) : 1;
    const int units = (longest + kKeys - 1) / kKeys, share = (units + splits - 1) / splits, active = (units + share - 1) / share;
    if (split >= active) return;
    const int begin = split * share * kKeys, end = min(longest, begin + share * kKeys);
    const int key_tile_count = (end - begin + kKeys - 1) / kKeys;

    const auto find_position = [&](int index) {
        const int position = begin + index * kKeys + thread;
        return thread < kKeys && position < end ? cache_row(cache, row.table, position, kv_head, fault) : -1;
    };
    const auto start_tile = [&](int index) {
        T* to = key_tiles + index % 2 * kKeys * kStride;
#pragma unroll
        for (int i = 0; i < kKeys * kPacks / kLatentThreads; i++) {
            const int key = (thread + i * kLatentThreads) / kPacks, d = (thread + i * kLatentThreads) % kPacks * Pack<T>::kSize;
            const int found = cache_rows[index % 2][key];
            // What is not seen comes as zeros: what lies there may be NaN.
            copy_async(to + key * kStride + d, static_cast<const T*>(cache.keys) + static_cast<int64_t>(max(found, 0)) * kDim + d, found >= 0);
        }
        commit_copies();
    };

    if (thread < kKeys) cache_rows[0][thread] = find_position(0);
    int next = find_position(1);
    for (int i = thread; i < kRows * kPacks; i += kLatentThreads) {
        const int line = i / kPacks, d = i % kPacks * Pack<T>::kSize, index = min(tile.first + line, tile.last);
        const int64_t token = row.first_token + index / group, head = kv_head * group + index % group;
        copy_async(query_tile + line * kStride + d, static_cast<const T*>(a.q) + token * a.q_stride + head * kDim + d, true);
    }
    __syncthreads();
    start_tile(0);

    const float scale = a.options.scale * kLog2OfE;
    float largest[2] = {-INFINITY, -INFINITY}, total[2] = {0, 0};  // of rows lane / 4 and lane / 4 + 8; total: of this half of the keys
    float sums[kValueTiles][4] = {};
    const T* lane_queries = query_tile + (own_row + lane % 16) * kStride + lane / 16 * 8;
    const T* lane_weights = weight_tile + (own_row + lane % 16) * Shape::kWeightStride + lane / 16 * 8;
    for (int index = 0; index < key_tile_count; index++) {
        if (thread < kKeys) cache_rows[(index + 1) % 2][thread] = next;
        wait_copies<0>();
        __syncthreads();  // the keys are there; nobody needs those before or their weights any more
        if (index + 1 < key_tile_count) start_tile(index + 1);
        next = find_position(index + 2);
        const T* key_tile = key_tiles + index % 2 * kKeys * kStride;

        float scores[2][4] = {};
        const T* lane_keys = key_tile + (half * Shape::kHalfKeys + lane % 8 + lane / 16 * 8) * kStride + lane / 8 % 2 * 8;
#pragma unroll 6
        for (int k = 0; k < kDim / 16; k++) {
            uint32_t left[4], right[4];
            load_matrices(left, lane_queries + k * 16);
            load_matrices(right, lane_keys + k * 16);
            multiply_add<T>(scores[0], left, right[0], right[1]);
            multiply_add<T>(scores[1], left, right[2], right[3]);
        }
        const int first_key = begin + index * kKeys + half * Shape::kHalfKeys;
#pragma unroll
        for (int h = 0; h < 2; h++) {
            const int line = own_row + h * 8 + lane / 4;
            if (first_key + Shape::kHalfKeys > shortest) {
                const int position = row.context_len + min(tile.first + line, tile.last) / group;
                const int seen = position + 1 - first_key - lane % 4 * 2;
#pragma unroll
                for (int n = 0; n < 2; n++) {
                    if (n * 8 >= seen) scores[n][2 * h] = -INFINITY;
                    if (n * 8 + 1 >= seen) scores[n][2 * h + 1] = -INFINITY;
                }
            }
            const float here = fmaxf(fmaxf(scores[0][2 * h], scores[0][2 * h + 1]), fmaxf(scores[1][2 * h], scores[1][2 * h + 1]));
            const float most = quad_max(here);
            if (lane % 4 == 0) maxima[half][line] = most;
        }
        __syncthreads();  // both halves of the keys are known
        float correction[2];
#pragma unroll
        for (int h = 0; h < 2; h++) {
            const int line = own_row + h * 8 + lane / 4;
            const float now = fmaxf(largest[h], scale * fmaxf(maxima[0][line], maxima[1][line]));
            correction[h] = fast_exp2(largest[h] - now);
            largest[h] = now;
            total[h] *= correction[h];
#pragma unroll
            for (int n = 0; n < 2; n++) {
                const float one = fast_exp2(fmaf(scores[n][2 * h], scale, -now)), two = fast_exp2(fmaf(scores[n][2 * h + 1], scale, -now));
                total[h] += one + two;
                T* to = weight_tile + line * Shape::kWeightStride + half * Shape::kHalfKeys + n * 8 + lane % 4 * 2;
                *reinterpret_cast<uint32_t*>(to) = pack_pair<T>(one, two);
            }
        }
#pragma unroll
        for (int n = 0; n < kValueTiles; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) sums[n][i] *= correction[i / 2];
        }
        __syncthreads();  // the weights are there
        const T* lane_values = key_tile + lane % 16 * kStride + value_at + half * Shape::kHalfValue + lane / 16 * 8;
#pragma unroll
        for (int k = 0; k < kKeys / 16; k++) {
            uint32_t left[4];
            load_matrices(left, lane_weights + k * 16);
#pragma unroll
            for (int n = 0; n < kValueTiles; n += 2) {
                uint32_t right[4];
                load_matrices_transposed(right, lane_values + k * 16 * kStride + n * 8);
                multiply_add<T>(sums[n], left, right[0], right[1]);
                multiply_add<T>(sums[n + 1], left, right[2], right[3]);
            }
        }
    }

#pragma unroll
    for (int h = 0; h < 2; h++) {
        total[h] = quad_sum(total[h]);
        if (lane % 4 == 0) totals[half][own_row + h * 8 + lane / 4] = total[h];
    }
    __syncthreads();  // nobody needs the queries any more
    if (active == 1) {
        // Results take the place of the queries, so that whole packs are stored.
#pragma unroll
        for (int h = 0; h < 2; h++) {
            const int line = own_row + h * 8 + lane / 4;
            const float factor = 1 / (totals[0][line] + totals[1][line]);
            T* to = query_tile + line * kStride + half * Shape::kHalfValue + lane % 4 * 2;
#pragma unroll
            for (int n = 0; n < kValueTiles; n++) {
                *reinterpret_cast<uint32_t*>(to + n * 8) = pack_pair<T>(sums[n][2 * h] * factor, sums[n][2 * h + 1] * factor);
            }
        }
        __syncthreads();
        constexpr int kValuePacks = kValueDim / Pack<T>::kSize;
        for (int i = thread; i < (tile.last - tile.first + 1) * kValuePacks; i += kLatentThreads) {
            const int line = i / kValuePacks, d = i % kValuePacks * Pack<T>::kSize, index = tile.first + line;
            const int64_t token = row.first_token + index / group, head = kv_head * group + index % group;
            T* to = static_cast<T*>(a.out) + token * a.out_stride + head * kValueDim + d;
            *reinterpret_cast<uint4*>(to) = *reinterpret_cast<const uint4*>(query_tile + line * kStride + d);
        }
        return;
    }

    // Only in decoding, where a tile's queries are heads of one token.
    const int64_t first_head = static_cast<int64_t>(kv_head) * group + tile.first;
    const int64_t slot = (tile.entry * a.heads + first_head) * splits;
    const int heads = tile.last - tile.first + 1;
#pragma unroll
    for (int h = 0; h < 2; h++) {
        const int line = own_row + h * 8 + lane / 4;
        if (line >= heads) continue;
        const int64_t own = slot + static_cast<int64_t>(line) * splits + split;
        float* to = scratch.sums + own * kValueDim + half * Shape::kHalfValue + lane % 4 * 2;
#pragma unroll
        for (int n = 0; n < kValueTiles; n++) *reinterpret_cast<float2*>(to + n * 8) = make_float2(sums[n][2 * h], sums[n][2 * h + 1]);
        if (half == 0 && lane % 4 == 0) scratch.softmax[own] = make_float2(largest[h], totals[0][line] + totals[1][line]);
    }
    if (!arrives_last(scratch, active)) return;
    T* out = static_cast<T*>(a.out) + row.first_token * a.out_stride + first_head * kValueDim;
    merge_splits<T, kValueDim, kLatentThreads>(out, scratch, slot, heads, splits, active, nullptr, reinterpret_cast<float*>(dynamic_shared));
}

}  // namespace octavo::cuda::kernels
