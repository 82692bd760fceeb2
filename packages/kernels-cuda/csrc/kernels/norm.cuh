// Norms of rows and heads. All read and write each element once from memory, so their limit is memory bandwidth: what is read again
// lies in the first-level cache.
#pragma once

#include "kernels/element.cuh"
#include "kernels/reduce.cuh"
#include "ops/ops.h"

namespace octavo::cuda::kernels {

enum class NormKind { kRms, kLayer };

/** The sum over the kLanes threads of a row, always in the same order, for each of them. */
template <int kLanes>
__device__ inline float row_sum(float value) {
    if constexpr (kLanes == kWarp) {
        return warp_sum(value);
    } else {
        return block_sum<kLanes>(value);
    }
}

/**
 * kLanes threads a row, kWidth elements a thread at a time: a block a row in a grid of [tokens, heads], or a warp a row for short ones.
 * With kAdd, `residual` becomes residual + x (rounded), and that is normed. Strides of `a` count units of kWidth elements.
 */
template <typename T, NormKind kKind, bool kAdd, int kWidth, int kLanes>
__global__ void __launch_bounds__(kRowThreads) norm(Norm a) {
    using Unit = Elements<T, kWidth>;
    int64_t token = blockIdx.x, head = blockIdx.y;
    if constexpr (kLanes < kRowThreads) {
        const unsigned row = blockIdx.x * (kRowThreads / kLanes) + threadIdx.x / kLanes, heads = static_cast<unsigned>(a.heads);
        token = row / heads;
        head = row % heads;
        if (token >= a.tokens) return;
    }
    const int lane = static_cast<int>(threadIdx.x) % kLanes, units = static_cast<int>(a.hidden / kWidth);
    const float size = static_cast<float>(a.hidden);
    const Unit* from = static_cast<const Unit*>(a.x) + token * a.x_stride + head * units;
    Unit* sum = kAdd ? static_cast<Unit*>(a.residual) + token * units : nullptr;
    float total = 0;
    for (int i = lane; i < units; i += kLanes) {
        Unit unit = from[i];
        if constexpr (kAdd) {
            const Unit before = sum[i];
#pragma unroll
            for (int j = 0; j < kWidth; j++) unit.values[j] = from_float<T>(to_float(before.values[j]) + to_float(unit.values[j]));
            sum[i] = unit;
        }
#pragma unroll
        for (int j = 0; j < kWidth; j++) {
            const float value = to_float(unit.values[j]);
            total += kKind == NormKind::kRms ? value * value : value;
        }
    }
    total = row_sum<kLanes>(total);
    // Each thread reads again what it wrote itself.
    const Unit* normed = kAdd ? sum : from;
    float mean = 0;
    if constexpr (kKind == NormKind::kLayer) {
        mean = total / size;
        total = 0;
        for (int i = lane; i < units; i += kLanes) {
            const Unit unit = normed[i];
#pragma unroll
            for (int j = 0; j < kWidth; j++) {
                const float deviation = to_float(unit.values[j]) - mean;
                total += deviation * deviation;
            }
        }
        total = row_sum<kLanes>(total);
    }
    const float scale = 1.0f / sqrtf(total / size + a.eps);
    const Unit* weights = static_cast<const Unit*>(a.weight) + head * a.weight_stride;
    const Unit* biases = static_cast<const Unit*>(a.bias) + head * a.weight_stride;
    Unit* to = static_cast<Unit*>(a.out) + token * a.out_stride + head * units;
    // Unrolled further it would take registers for half as many rows again on a multiprocessor.
#pragma unroll 2
    for (int i = lane; i < units; i += kLanes) {
        Unit unit = normed[i];
        const Unit factors = weights[i];
        if constexpr (kKind == NormKind::kRms) {
#pragma unroll
            for (int j = 0; j < kWidth; j++) {
                unit.values[j] = from_float<T>(to_float(unit.values[j]) * scale * (to_float(factors.values[j]) + a.weight_offset));
            }
        } else {
            Unit added = {};
            if (a.bias != nullptr) added = biases[i];
#pragma unroll
            for (int j = 0; j < kWidth; j++) {
                const float value = (to_float(unit.values[j]) - mean) * scale * (to_float(factors.values[j]) + a.weight_offset);
                unit.values[j] = from_float<T>(value + to_float(added.values[j]));
            }
        }
        to[i] = unit;
    }
}

}  // namespace octavo::cuda::kernels
