// Philox4x32-10 and the Gumbel noise of packages/core/src/philox.ts.
#pragma once

#include <cstdint>

#include "octavo/step_plan.h"

namespace octavo::cuda::kernels {

/** What a sample's noise depends on, beside the token. */
struct NoiseKey {
    uint32_t seed_low, seed_high, position, choice;
};

/** The random words of the tokens 4 * group to 4 * group + 3. */
__device__ inline uint4 draw(const NoiseKey& key, uint32_t group) {
    uint32_t c0 = group, c1 = key.position, c2 = key.choice, c3 = 0;
    uint32_t k0 = key.seed_low, k1 = key.seed_high;
#pragma unroll
    for (int round = 0; round < philox::kRounds; round++) {
        const uint32_t high0 = __umulhi(philox::kM0, c0), low0 = philox::kM0 * c0;
        const uint32_t high1 = __umulhi(philox::kM1, c2), low1 = philox::kM1 * c2;
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += philox::kW0;
        k1 += philox::kW1;
    }
    return {c0, c1, c2, c3};
}

/** -log(-log(u)), with u in (0, 1) from the word's upper 23 bits. */
__device__ inline double gumbel(uint32_t word) {
    const double uniform = (static_cast<double>(word >> 9) + 0.5) * 0x1p-23;
    return -log(-log(uniform));
}

/** 1 - u for the same u, exactly. */
__device__ inline float one_minus_uniform(uint32_t word) { return (static_cast<float>(0x7fffff - (word >> 9)) + 0.5f) * 0x1p-23f; }

}  // namespace octavo::cuda::kernels
