// The passes of sampling over a whole vocabulary. What follows on the few tokens that remain is in csrc/ops/sample.cc.
#pragma once

#include "kernels/kernels.h"
#include "kernels/vec.h"
#include "octavo/step_plan.h"

namespace {

int32_t argmax(const float* values, int64_t count) {
    Vec best = broadcast(-kInfinity);
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) best = maximum(load(values + i), best);
    float target = largest(best);
    for (; i < count; i++) target = values[i] > target ? values[i] : target;
    if (target == -kInfinity) return 0;
    int64_t index = 0;
    while (values[index] != target) index++;
    return static_cast<int32_t>(index);
}

void temper(float* out, const float* values, int64_t count, float temperature) {
    for_lanes(count, [&](int64_t i, auto load, auto store) {
        store(out + i, maximum(load(values + i) / temperature, broadcast(-kInfinity)));
    });
}

void weigh(float* weights, const float* values, int64_t count, float largest_value) {
    for_lanes(count, [&](int64_t i, auto load, auto store) { store(weights + i, exponential(load(values + i) - largest_value)); });
}

/** The halves of the 64-bit products of each lane with `factor`. */
OCTAVO_INLINE void multiply_wide(Words lanes, uint32_t factor, Words& high, Words& low) {
#if defined(__AVX2__)
    const __m256i factors = _mm256_set1_epi64x(factor);
    const __m256i even = _mm256_mul_epu32((__m256i)lanes, factors);
    const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)lanes, 32), factors);
    high = (Words)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    low = (Words)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
#elif defined(__x86_64__)
    const __m128i factors = _mm_set1_epi64x(factor);
    const __m128i even = _mm_mul_epu32((__m128i)lanes, factors);
    const __m128i odd = _mm_mul_epu32(_mm_srli_epi64((__m128i)lanes, 32), factors);
    const __m128i upper = _mm_set1_epi64x(static_cast<int64_t>(0xffffffff00000000u));
    high = (Words)_mm_or_si128(_mm_srli_epi64(even, 32), _mm_and_si128(odd, upper));
    low = (Words)_mm_or_si128(_mm_andnot_si128(upper, even), _mm_slli_epi64(odd, 32));
#else
    for (int i = 0; i < kLanes; i++) {
        const uint64_t product = uint64_t{lanes[i]} * factor;
        high[i] = static_cast<uint32_t>(product >> 32);
        low[i] = static_cast<uint32_t>(product);
    }
#endif
}

/** The random words of kLanes counters side by side; each gives those of four neighbouring tokens. */
OCTAVO_INLINE void draw_groups(uint32_t* words, uint32_t counter, const octavo::cpu::NoiseKey& key) {
    namespace philox = octavo::philox;
    Words c0, c1 = Words{} + key.position, c2 = Words{} + key.choice, c3 = {};
    for (int i = 0; i < kLanes; i++) c0[i] = counter + static_cast<uint32_t>(i);
    uint32_t k0 = key.seed_low, k1 = key.seed_high;
    for (int round = 0; round < philox::kRounds; round++) {
        Words high0, low0, high1, low1;
        multiply_wide(c0, philox::kM0, high0, low0);
        multiply_wide(c2, philox::kM1, high1, low1);
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += philox::kW0;
        k1 += philox::kW1;
    }
    for (int i = 0; i < kLanes; i++) {
        const uint32_t group[4] = {c0[i], c1[i], c2[i], c3[i]};
        memcpy(words + 4 * i, group, sizeof group);
    }
}

uint32_t draw(uint32_t* words, const float* weights, float reach, int64_t first, const octavo::cpu::NoiseKey& key) {
    constexpr int kParts = octavo::cpu::kNoiseTokens / kLanes, kGroups = octavo::cpu::kNoiseTokens / 4;
    Vec limits[kParts];
    Vec highest = {};
    for (int part = 0; part < kParts; part++) {
        limits[part] = load(weights + part * kLanes) * reach;
        highest = maximum(limits[part], highest);
    }
    if (mask_bits(highest >= 0x1p-24f) == 0) return 0;  // below the smallest 1 - u

    for (int done = 0; done < kGroups; done += kLanes) {
        draw_groups(words + 4 * done, static_cast<uint32_t>(first / 4 + done), key);
    }

    uint32_t reachable = 0;
    for (int part = 0; part < kParts; part++) {
        Words drawn;
        memcpy(&drawn, words + part * kLanes, sizeof drawn);
        const Vec gaps = (__builtin_convertvector((Ints)(~drawn >> 9), Vec) + 0.5f) * 0x1p-23f;
        reachable |= mask_bits(gaps <= limits[part]) << (part * kLanes);
    }
    return reachable;
}

octavo::cpu::SamplingKernels sampling_kernels() { return {argmax, temper, weigh, draw}; }

}  // namespace
