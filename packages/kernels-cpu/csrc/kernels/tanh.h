// The hyperbolic tangent, for soft caps and activations.
#pragma once

#include "kernels/vec.h"

namespace {

/** Within a few ulp: its series near zero, where the quotient would lose digits, otherwise 1 - 2 / (e^2|x| + 1). Odd; NaN stays. */
OCTAVO_INLINE Vec hyperbolic_tangent(Vec x) {
    const Vec size = (Vec)((Ints)x & 0x7fffffff);
    const Vec square = x * x;
    Vec series = broadcast(62.0f / 2835.0f);
    series = multiply_add(series, square, broadcast(-17.0f / 315.0f));
    series = multiply_add(series, square, broadcast(2.0f / 15.0f));
    series = multiply_add(series, square, broadcast(-1.0f / 3.0f));
    series = multiply_add(series * square, x, x);
    const Vec quotient = 1.0f - 2.0f / (exponential(2.0f * size) + 1.0f);
    const Vec signed_quotient = (Vec)((Ints)quotient | ((Ints)x & (Ints)(Words{} + 0x80000000u)));
    return select(size < 0.25f, series, signed_quotient);
}

}  // namespace
