// Functions of one number that activations need beside `exponential`.
#pragma once

#include "kernels/vec.h"

namespace {

OCTAVO_INLINE Vec absolute(Vec x) { return (Vec)((Words)x & 0x7fffffffu); }

/**
 * P(X <= z) of a standard normal X. The tail is t e^(q(t) - z^2 / 2) with t = 1 / (1 + 0.3 |z|) and q a polynomial fitted (minimax) to
 * the tail's logarithm: its relative error is some 1e-6 even far out, where 1 + erf(z) would cancel.
 */
OCTAVO_INLINE Vec normal_cdf(Vec z) {
    const Vec a = absolute(z);
    const Vec t = 1.0f / (a * 0.3f + 1.0f);
    Vec q = broadcast(0x1.1acd32p-3f);
    q = multiply_add(q, t, broadcast(-0x1.c72084p-1f));
    q = multiply_add(q, t, broadcast(0x1.23e0d6p+1f));
    q = multiply_add(q, t, broadcast(-0x1.72f566p+1f));
    q = multiply_add(q, t, broadcast(0x1.e97f06p+0f));
    q = multiply_add(q, t, broadcast(-0x1.c8794ap-1f));
    q = multiply_add(q, t, broadcast(0x1.a2bd10p-2f));
    q = multiply_add(q, t, broadcast(0x1.7558dcp-2f));
    q = multiply_add(q, t, broadcast(0x1.0129b0p+0f));
    q = multiply_add(q, t, broadcast(-0x1.0fc1f4p+1f));
    const Vec tail = t * exponential(q - a * a * 0.5f);
    return select(z < 0.0f, tail, 1.0f - tail);
}

/** tanh within some ulp: a polynomial (minimax) where e^2y - 1 would cancel, 1 - 2 / (e^2y + 1) elsewhere. */
OCTAVO_INLINE Vec hyperbolic_tangent(Vec y) {
    const Vec a = absolute(y);
    const Vec z = a * a;
    Vec p = broadcast(-0x1.76ac18p-8f);
    p = multiply_add(p, z, broadcast(0x1.5256d6p-6f));
    p = multiply_add(p, z, broadcast(-0x1.b84448p-5f));
    p = multiply_add(p, z, broadcast(0x1.110768p-3f));
    p = multiply_add(p, z, broadcast(-0x1.555534p-2f));
    const Vec near = multiply_add(a * z, p, a);
    const Vec far = 1.0f - 2.0f / (exponential(a + a) + 1.0f);
    const Words sign = (Words)y & 0x80000000u;
    return (Vec)((Words)select(a < 0.625f, near, far) | sign);
}

}  // namespace
