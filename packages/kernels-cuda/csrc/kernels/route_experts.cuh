// Which experts a token uses, and the weighted sum of what they gave.
#pragma once

#include "kernels/element.cuh"
#include "kernels/reduce.cuh"
#include "kernels/rows.cuh"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

inline constexpr int kRouteWarps = 2;

/** Orders as the values do: equal ones, zeros of both signs too, have the same, and 0 is left for what is not to be chosen. */
__device__ inline unsigned order_key(float value) {
    const unsigned bits = __float_as_uint(isnan(value) ? -INFINITY : value + 0.0f);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

/** The lowest index of the largest key, which is taken out; for every lane of the warp. */
__device__ inline int take_best(unsigned* keys, int count, int lane) {
    unsigned key = 0;
    int best = 0;
    for (int i = lane; i < count; i += kWarp) {
        if (keys[i] > key) {
            key = keys[i];
            best = i;
        }
    }
#pragma unroll
    for (int offset = kWarp / 2; offset > 0; offset /= 2) {
        const unsigned other_key = __shfl_xor_sync(kAllLanes, key, offset);
        const int other = __shfl_xor_sync(kAllLanes, best, offset);
        if (other_key > key || (other_key == key && other < best)) {
            key = other_key;
            best = other;
        }
    }
    if (lane == 0) keys[best] = 0;
    __syncwarp();
    return best;
}

/** e^(logit - most); logits that equal an infinite largest one share what there is. */
__device__ inline float power_of(float logit, float most) { return logit == most ? 1.0f : expf(logit - most); }

/** Takes out the keys of all groups but the best; a group is as good as its best, or with a bias its two best together. */
__device__ inline void keep_best_groups(const RouteExperts& a, const float* compared, unsigned* keys, unsigned* groups, int lane) {
    const int count = static_cast<int>(a.groups), size = static_cast<int>(a.count / a.groups);
    for (int g = lane; g < count; g += kWarp) {
        float first = compared[g * size], second = -INFINITY;
        for (int i = 1; i < size; i++) {
            second = fmaxf(second, fminf(first, compared[g * size + i]));
            first = fmaxf(first, compared[g * size + i]);
        }
        groups[g] = order_key(a.bias && size > 1 ? first + second : first);
    }
    __syncwarp();
    for (int i = 0; i < a.top_groups; i++) take_best(groups, count, lane);
    for (int i = lane; i < a.count; i += kWarp) {
        if (groups[i / size] != 0) keys[i] = 0;
    }
    __syncwarp();
}

/** Four numbers an expert for each warp. */
constexpr size_t route_shared_bytes(int64_t experts) { return kRouteWarps * 4 * static_cast<size_t>(experts) * sizeof(float); }

/** A warp a token; scores and what is left to choose lie in shared memory. Limit: latency of k searches. */
template <typename T>
__global__ void __launch_bounds__(kRouteWarps * kWarp) route_experts(RouteExperts a) {
    extern __shared__ float route_shared[];
    const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    const int64_t token = static_cast<int64_t>(blockIdx.x) * kRouteWarps + warp;
    if (token >= a.tokens) return;
    const int count = static_cast<int>(a.count), chosen = static_cast<int>(a.chosen);
    float* logits = route_shared + warp * 4 * count;
    float* compared = logits + count;
    unsigned* keys = reinterpret_cast<unsigned*>(compared + count);
    unsigned* groups = keys + count;
    int* picked = reinterpret_cast<int*>(groups);  // when the groups are no longer needed

    float most = -INFINITY, sum = 0;
    for (int e = lane; e < count; e += kWarp) {
        const float logit = to_float(static_cast<const T*>(a.logits)[token * count + e]);
        logits[e] = isnan(logit) ? -INFINITY : logit;
        most = fmaxf(most, logits[e]);
    }
    most = warp_max(most);
    if (a.scoring == ExpertScoring::kSoftmax) {
        for (int e = lane; e < count; e += kWarp) sum += power_of(logits[e], most);
        sum = warp_sum(sum);
    }
    const auto score = [&](int e) {
        if (a.scoring == ExpertScoring::kSoftmax) return power_of(logits[e], most) / sum;
        if (a.scoring == ExpertScoring::kSigmoid) return 1.0f / (1.0f + expf(-logits[e]));
        return logits[e];
    };
    // Scores rise with the logits, which do not round to equal ones.
    for (int e = lane; e < count; e += kWarp) {
        compared[e] = a.bias ? score(e) + a.bias[e] : logits[e];
        keys[e] = order_key(compared[e]);
    }
    __syncwarp();
    if (a.top_groups < a.groups) keep_best_groups(a, compared, keys, groups, lane);
    for (int j = 0; j < chosen; j++) {
        const int best = take_best(keys, count, lane);
        if (lane == 0) picked[j] = best;
    }
    __syncwarp();

    const bool of_chosen = a.scoring == ExpertScoring::kSoftmaxOfChosen;
    float largest = -INFINITY, total = 0;
    for (int j = lane; j < chosen; j += kWarp) largest = fmaxf(largest, logits[picked[j]]);
    largest = warp_max(largest);
    const auto weight = [&](int j) { return of_chosen ? power_of(logits[picked[j]], largest) : score(picked[j]); };
    if (of_chosen || a.renormalize) {
        for (int j = lane; j < chosen; j += kWarp) total += weight(j);
        total = warp_sum(total);
    }
    const float factor = total > 0 ? a.scale / total : a.scale;
    for (int j = lane; j < chosen; j += kWarp) {
        a.experts[token * chosen + j] = picked[j];
        a.weights[token * chosen + j] = weight(j) * factor;
    }
}

/** `units` of kWidth elements a row, a thread for each unit of out. Limit: memory bandwidth. */
template <typename T, int kWidth>
__global__ void __launch_bounds__(kRowThreads) combine_experts(T* out, const T* x, const float* weights, int chosen, int64_t units) {
    using Unit = Elements<T, kWidth>;
    const int64_t token = blockIdx.x;
    const int64_t i = static_cast<int64_t>(blockIdx.y) * kRowThreads + threadIdx.x;
    if (i >= units) return;
    float sums[kWidth] = {};
    for (int j = 0; j < chosen; j++) {
        const Unit unit = reinterpret_cast<const Unit*>(x)[(token * chosen + j) * units + i];
        const float weight = weights[token * chosen + j];
#pragma unroll
        for (int e = 0; e < kWidth; e++) sums[e] = fmaf(weight, to_float(unit.values[e]), sums[e]);
    }
    Unit result;
#pragma unroll
    for (int e = 0; e < kWidth; e++) result.values[e] = from_float<T>(sums[e]);
    reinterpret_cast<Unit*>(out)[token * units + i] = result;
}

}  // namespace octavo::cuda::kernels
