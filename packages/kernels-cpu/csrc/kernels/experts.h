// The weighted sum of what a token's experts gave. Bound by memory.
#pragma once

#include "kernels/kernels.h"
#include "kernels/vec.h"

namespace {

template <typename T>
void combine_experts(void* out, const void* x, const float* weights, int64_t count, int64_t hidden) {
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(out);
    for_lanes(hidden, [&](int64_t i, auto load, auto store) {
        Vec sum = {};
        for (int64_t j = 0; j < count; j++) sum = multiply_add(load(from + j * hidden + i), broadcast(weights[j]), sum);
        store(to + i, sum);
    });
}

octavo::cpu::ExpertKernels expert_kernels() {
    return {{combine_experts<float>, combine_experts<Half>, combine_experts<Bfloat16>}};
}

}  // namespace
