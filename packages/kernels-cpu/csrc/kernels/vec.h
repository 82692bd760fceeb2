// Vectors of float lanes, the only vocabulary that kernels use: four lanes without AVX, eight with AVX2, sixteen with AVX-512. Included by one file
// per instruction set and family, which the build compiles with that set's flags. Everything has internal linkage: a function
// compiled with AVX2 must never be the copy that the linker keeps for the generic path.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Vec __attribute__((vector_size(4 * kLanes)));
typedef int32_t Ints __attribute__((vector_size(4 * kLanes)));
typedef uint32_t Words __attribute__((vector_size(4 * kLanes)));
typedef uint16_t HalfWords __attribute__((vector_size(2 * kLanes)));

constexpr float kInfinity = __builtin_inff();

struct Half {
    uint16_t bits;
};
struct Bfloat16 {
    uint16_t bits;
};

#define OCTAVO_INLINE inline __attribute__((always_inline))

/** Subtracting zero changes nothing, not even the sign of a zero, so that the compiler leaves it out. */
OCTAVO_INLINE Vec broadcast(float value) { return value - Vec{}; }

/** a * b + c; one rounding with FMA, two without. */
OCTAVO_INLINE Vec multiply_add(Vec a, Vec b, Vec c) {
#if defined(__AVX512F__)
    return (Vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__)
    return (Vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

OCTAVO_INLINE Vec select(Ints mask, Vec yes, Vec no) { return (Vec)(((Ints)yes & mask) | ((Ints)no & ~mask)); }
OCTAVO_INLINE Words select(Ints mask, Words yes, Words no) { return (yes & (Words)mask) | (no & ~(Words)mask); }

/** The larger of each lane; `b` where `a` is NaN. */
OCTAVO_INLINE Vec maximum(Vec a, Vec b) {
#if defined(__AVX512F__)
    return (Vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (Vec)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__x86_64__)
    return (Vec)_mm_max_ps((__m128)a, (__m128)b);
#else
    return select(a > b, a, b);
#endif
}

/** Adds the lanes as a tree, always in the same order. */
OCTAVO_INLINE float sum(Vec v) {
#if defined(__AVX512F__)
    const __m256 pairs = _mm256_add_ps(_mm512_castps512_ps256((__m512)v), _mm512_extractf32x8_ps((__m512)v, 1));
    const __m128 halves = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
#elif defined(__AVX2__)
    const __m128 halves = _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
#elif defined(__x86_64__)
    const __m128 halves = (__m128)v;
#else
    const Vec halves = v;
#endif
    return (halves[0] + halves[2]) + (halves[1] + halves[3]);
}

OCTAVO_INLINE float largest(Vec v) {
    float best = v[0];
    for (int i = 1; i < kLanes; i++) best = v[i] > best ? v[i] : best;
    return best;
}

/** Bit i is set where lane i of a comparison's result is true. */
OCTAVO_INLINE uint32_t mask_bits(Ints mask) {
#if defined(__AVX512F__)
    return _mm512_movepi32_mask((__m512i)mask);
#elif defined(__AVX2__)
    return static_cast<uint32_t>(_mm256_movemask_ps((__m256)mask));
#elif defined(__x86_64__)
    return static_cast<uint32_t>(_mm_movemask_ps((__m128)mask));
#else
    uint32_t bits = 0;
    for (int i = 0; i < kLanes; i++) bits |= static_cast<uint32_t>(mask[i] & 1) << i;
    return bits;
#endif
}

OCTAVO_INLINE Vec load(const float* from) {
    Vec v;
    memcpy(&v, from, sizeof v);
    return v;
}

OCTAVO_INLINE void store(float* to, Vec v) { memcpy(to, &v, sizeof v); }

// The compiler's own widening and narrowing of 16-bit lanes takes several instructions more than these.
OCTAVO_INLINE Words load_words(const void* from) {
#if defined(__AVX512F__)
    return (Words)_mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(from)));
#elif defined(__AVX2__)
    return (Words)_mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(from)));
#elif defined(__x86_64__)
    return (Words)_mm_unpacklo_epi16(_mm_loadl_epi64(static_cast<const __m128i*>(from)), _mm_setzero_si128());
#else
    HalfWords words;
    memcpy(&words, from, sizeof words);
    return __builtin_convertvector(words, Words);
#endif
}

/** Stores the low halves of words below 2^16. */
OCTAVO_INLINE void store_words(void* to, Words words) {
#if defined(__AVX512F__)
    _mm256_storeu_si256(static_cast<__m256i*>(to), _mm512_cvtepi32_epi16((__m512i)words));
#elif defined(__AVX2__)
    const __m256i v = (__m256i)words;
    _mm_storeu_si128(static_cast<__m128i*>(to), _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
#elif defined(__x86_64__)
    // There is only a signed narrowing: extend the sign first.
    const __m128i extended = _mm_srai_epi32(_mm_slli_epi32((__m128i)words, 16), 16);
    _mm_storel_epi64(static_cast<__m128i*>(to), _mm_packs_epi32(extended, extended));
#else
    const HalfWords halves = __builtin_convertvector(words, HalfWords);
    memcpy(to, &halves, sizeof halves);
#endif
}

OCTAVO_INLINE Vec load(const Bfloat16* from) { return (Vec)(load_words(from) << 16); }

/** Rounds to nearest even; a NaN stays a (quiet) NaN. */
OCTAVO_INLINE void store(Bfloat16* to, Vec v) {
    Words bits = (Words)v;
    Words rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    store_words(to, select(v == v, rounded, (bits >> 16) | 0x40));
}

#if defined(__AVX512F__)
OCTAVO_INLINE Vec load(const Half* from) {
    return (Vec)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

OCTAVO_INLINE void store(Half* to, Vec v) {
    const __m256i halves = _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), halves);
}
#elif defined(__AVX2__)
OCTAVO_INLINE Vec load(const Half* from) {
    return (Vec)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

OCTAVO_INLINE void store(Half* to, Vec v) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
#else
/** Moves exponent and fraction into a float 112 powers of two too small, then scales: denormals come out right by themselves. */
OCTAVO_INLINE Vec load(const Half* from) {
    Words bits = load_words(from);
    Words sign = (bits & 0x8000) << 16;
    Vec finite = (Vec)((bits & 0x7fff) << 13) * 0x1p112f;
    Words special = ((bits & 0x7fff) << 13) | 0x7f800000;
    return (Vec)(select((bits & 0x7c00) == 0x7c00, special, (Words)finite) | sign);
}

/** Rounds to nearest even: normal results by integer carry, denormal ones by adding 0.5, whose last bit is a half's smallest step. */
OCTAVO_INLINE void store(Half* to, Vec v) {
    Words bits = (Words)v;
    Words sign = (bits >> 16) & 0x8000;
    Words magnitude = bits & 0x7fffffff;
    Words normal = (magnitude - (112u << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    Words denormal = (Words)((Vec)magnitude + 0.5f) - 0x3f000000;
    Words half = select(magnitude < 0x38800000, denormal, normal);
    half = select(magnitude >= 0x477ff000, Words{} + 0x7c00, half);
    half = select(magnitude > 0x7f800000, ((magnitude >> 13) & 0x3ff) | 0x7e00, half);
    store_words(to, half | sign);
}
#endif

/** The first `count` (1 to kLanes - 1) elements; the other lanes are 0. As everywhere, addresses need no alignment: files have none. */
template <typename T>
OCTAVO_INLINE Vec load_partial(const T* from, int64_t count) {
#if defined(__AVX512F__)
    const auto present = static_cast<__mmask16>((1u << count) - 1);
    if constexpr (sizeof(T) == sizeof(float)) return (Vec)_mm512_maskz_loadu_ps(present, from);
    const __m256i elements = _mm256_maskz_loadu_epi16(present, from);
    return load(reinterpret_cast<const T*>(&elements));
#else
    T buffer[kLanes] = {};
    for (int64_t i = 0; i < count; i++) memcpy(&buffer[i], from + i, sizeof(T));
    return load(buffer);
#endif
}

template <typename T>
OCTAVO_INLINE void store_partial(T* to, Vec v, int64_t count) {
#if defined(__AVX512F__)
    const auto present = static_cast<__mmask16>((1u << count) - 1);
    if constexpr (sizeof(T) == sizeof(float)) return _mm512_mask_storeu_ps(to, present, (__m512)v);
    __m256i elements;
    store(reinterpret_cast<T*>(&elements), v);
    _mm256_mask_storeu_epi16(to, present, elements);
#else
    T buffer[kLanes];
    store(buffer, v);
    for (int64_t i = 0; i < count; i++) memcpy(to + i, &buffer[i], sizeof(T));
#endif
}

/** Calls `body(index, load, store)` for each group of lanes, where load and store know whether the group is whole. */
template <typename Body>
OCTAVO_INLINE void for_lanes(int64_t count, Body body) {
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        body(
            i, [](const auto* from) __attribute__((always_inline)) { return load(from); },
            [](auto* to, Vec v) __attribute__((always_inline)) { store(to, v); });
    }
    if (i == count) return;
    const int64_t rest = count - i;
    body(
        i, [rest](const auto* from) { return load_partial(from, rest); }, [rest](auto* to, Vec v) { store_partial(to, v, rest); });
}

/** e^x within about 1 ulp: x = n ln 2 + r, a degree 7 polynomial in r (Chebyshev fit), then two exact scalings by powers of two. */
OCTAVO_INLINE Vec exponential(Vec x) {
    const Vec magic = broadcast(0x1.8p23f);  // adding it rounds to an integer
    Ints too_small = x < -104.0f;
    Ints too_large = x > 88.72284f;
    Vec safe = select(too_small | too_large, Vec{}, x);
    Vec n = (safe * 0x1.715476p0f + magic) - magic;
    Vec r = multiply_add(n, broadcast(-0x1.62e4p-1f), safe);
    r = multiply_add(n, broadcast(-0x1.7f7d1cp-20f), r);
    Vec p = broadcast(0x1.a1517cp-13f);
    p = multiply_add(p, r, broadcast(0x1.6d4328p-10f));
    p = multiply_add(p, r, broadcast(0x1.1110c6p-7f));
    p = multiply_add(p, r, broadcast(0x1.5554eap-5f));
    p = multiply_add(p, r, broadcast(0x1.555556p-3f));
    p = multiply_add(p, r, broadcast(0.5f));
    p = multiply_add(p, r * r, r) + 1.0f;
    // A NaN converts to some integer; p is NaN then, and stays so.
    Ints power = (Ints)(n + magic) - (Ints)magic;
    Ints first = power >> 1;
    Vec result = p * (Vec)((first + 127) << 23) * (Vec)((power - first + 127) << 23);
    result = select(too_small, Vec{}, result);
    return select(too_large, broadcast(kInfinity), result);
}

}  // namespace
