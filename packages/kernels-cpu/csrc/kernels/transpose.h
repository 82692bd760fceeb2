// Square tiles of floats, turned over or added up: both exchange halves of pairs of vectors, then quarters, and so on.
#pragma once

#include "kernels/vec.h"

namespace {

/** The lanes of `a` without bit `Step` in their number beside the same ones of `b`, then those with that bit. */
template <int Step>
OCTAVO_INLINE void exchange(Vec& a, Vec& b) {
    const Vec first = a, second = b;
#if defined(__AVX512F__)
    const Ints lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const Ints from_second = -((lanes & Step) != 0) * kLanes;
    a = (Vec)_mm512_permutex2var_ps((__m512)first, (__m512i)((lanes & ~Step) + from_second), (__m512)second);
    b = (Vec)_mm512_permutex2var_ps((__m512)first, (__m512i)((lanes | Step) + from_second), (__m512)second);
#elif defined(__AVX2__)
    if constexpr (Step == 4) {
        a = (Vec)_mm256_permute2f128_ps((__m256)first, (__m256)second, 0x20);
        b = (Vec)_mm256_permute2f128_ps((__m256)first, (__m256)second, 0x31);
    } else if constexpr (Step == 2) {
        a = (Vec)_mm256_shuffle_ps((__m256)first, (__m256)second, 0x44);
        b = (Vec)_mm256_shuffle_ps((__m256)first, (__m256)second, 0xee);
    } else {
        a = (Vec)_mm256_blend_ps((__m256)first, _mm256_moveldup_ps((__m256)second), 0xaa);
        b = (Vec)_mm256_blend_ps(_mm256_movehdup_ps((__m256)first), (__m256)second, 0xaa);
    }
#elif defined(__x86_64__)
    if constexpr (Step == 2) {
        a = (Vec)_mm_shuffle_ps((__m128)first, (__m128)second, 0x44);
        b = (Vec)_mm_shuffle_ps((__m128)first, (__m128)second, 0xee);
    } else {
        const __m128 even = _mm_shuffle_ps((__m128)first, (__m128)second, 0x88);
        const __m128 odd = _mm_shuffle_ps((__m128)first, (__m128)second, 0xdd);
        a = (Vec)_mm_shuffle_ps(even, even, 0xd8);
        b = (Vec)_mm_shuffle_ps(odd, odd, 0xd8);
    }
#else
    for (int lane = 0; lane < kLanes; lane++) {
        a[lane] = lane & Step ? second[lane & ~Step] : first[lane];
        b[lane] = lane & Step ? second[lane] : first[lane | Step];
    }
#endif
}

/** Lane j of vector i becomes lane i of vector j, of kLanes vectors. */
template <int Step = kLanes / 2>
OCTAVO_INLINE void transpose(Vec* v) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; i++) {
        if (!(i & Step)) exchange<Step>(v[i], v[i | Step]);
    }
    if constexpr (Step > 1) transpose<Step / 2>(v);
}

/** Lane i of the result is sum(v[i]), of kLanes vectors, which are overwritten. */
template <int Step = kLanes / 2>
OCTAVO_INLINE Vec sums(Vec* v) {
#pragma GCC unroll 16
    for (int i = 0; i < Step; i++) {
        exchange<Step>(v[i], v[i | Step]);
        v[i] += v[i | Step];
    }
    if constexpr (Step > 1) return sums<Step / 2>(v);
    return v[0];
}

}  // namespace
