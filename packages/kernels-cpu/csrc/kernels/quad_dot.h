// Integer dot products of unsigned codes with 8-bit activations: for each lane's output, over quads of four elements. All
// exact, so that every instruction set gives the same integers.
#pragma once

#include "kernels/vec.h"

namespace {

typedef uint8_t Bytes __attribute__((vector_size(4 * kLanes)));
typedef uint16_t BytePairs __attribute__((vector_size(4 * kLanes)));

OCTAVO_INLINE Bytes load_bytes(const uint8_t* from) {
    Bytes v;
    memcpy(&v, from, sizeof v);
    return v;
}

/** int8 as float lanes. */
OCTAVO_INLINE Vec load_int8(const uint8_t* from) {
#if defined(__AVX512F__)
    const __m512i wide = _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#elif defined(__AVX2__)
    const __m256i wide = _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
#else
    int32_t bytes;
    memcpy(&bytes, from, sizeof bytes);
    const Words words = (Words)(Ints{} + bytes);
    const Ints wide = (Ints)(words << Words{24, 16, 8, 0}) >> 24;
#endif
    return __builtin_convertvector((Ints)wide, Vec);
}

/** Stores whole numbers from -128 to 127 as int8. */
OCTAVO_INLINE void store_int8(int8_t* to, Vec whole) {
    const Ints wide = __builtin_convertvector(whole, Ints);
#if defined(__AVX512F__)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8((__m512i)wide));
#elif defined(__AVX2__)
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128((__m256i)wide), _mm256_extracti128_si256((__m256i)wide, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packs_epi16(words, words));
#else
    for (int i = 0; i < kLanes; i++) to[i] = static_cast<int8_t>(wide[i]);
#endif
}

/** Four activations in every lane. */
OCTAVO_INLINE Ints load_quad(const int8_t* from) {
    int32_t quad;
    memcpy(&quad, from, sizeof quad);
    return Ints{} + quad;
}

#if defined(__AVX512VNNI__)
/** What 8-bit codes stand for is `code - kByteOffset`. */
constexpr int kByteOffset = 128;

template <int Bits, int Quads>
OCTAVO_INLINE Ints dot_quads(const Bytes* codes, const int8_t* x) {
    __m512i sums = _mm512_setzero_si512();
    for (int q = 0; q < Quads; q++) sums = _mm512_dpbusd_epi32(sums, (__m512i)codes[q], (__m512i)load_quad(x + 4 * q));
    return (Ints)sums;
}

#elif defined(__AVX2__)
// Two products of 8-bit codes overflow the 16 bits that they are added in, so those are signed here, and the sign moves to x.
constexpr int kByteOffset = 0;

/** How many pairs of products of such codes may be added in 16 bits. */
constexpr int pair_sums(int bits) { return 32767 / (2 * 127 * ((1 << bits) - 1)); }

template <int Bits, int Quads>
OCTAVO_INLINE Ints dot_quads(const Bytes* codes, const int8_t* x) {
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sums = _mm256_setzero_si256();
    if constexpr (Bits == 8) {
        for (int q = 0; q < Quads; q++) {
            const __m256i w = (__m256i)(codes[q] ^ 0x80);
            const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8((__m256i)load_quad(x + 4 * q), w));
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, ones));
        }
    } else {
        constexpr int kAtOnce = pair_sums(Bits) < Quads ? pair_sums(Bits) : Quads;
        for (int q = 0; q < Quads; q += kAtOnce) {
            __m256i pairs = _mm256_setzero_si256();
            for (int i = q; i < q + kAtOnce && i < Quads; i++) {
                pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16((__m256i)codes[i], (__m256i)load_quad(x + 4 * i)));
            }
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, ones));
        }
    }
    return (Ints)sums;
}

#else
constexpr int kByteOffset = 128;

template <int Bits, int Quads>
OCTAVO_INLINE Ints dot_quads(const Bytes* codes, const int8_t* x) {
    Ints sums = {};
    for (int q = 0; q < Quads; q++) {
#if defined(__x86_64__)
        const Ints even = Ints{} + ((static_cast<uint16_t>(x[4 * q])) | x[4 * q + 2] * 65536);
        const Ints odd = Ints{} + ((static_cast<uint16_t>(x[4 * q + 1])) | x[4 * q + 3] * 65536);
        const __m128i low = (__m128i)((BytePairs)codes[q] & 255), high = (__m128i)((BytePairs)codes[q] >> 8);
        sums += (Ints)_mm_madd_epi16(low, (__m128i)even) + (Ints)_mm_madd_epi16(high, (__m128i)odd);
#else
        for (int i = 0; i < 4; i++) sums += (Ints)(((Words)codes[q] >> 8 * i) & 255) * x[4 * q + i];
#endif
    }
    return sums;
}
#endif

}  // namespace
