// The passes of sampling over a whole vocabulary. What follows on the few tokens that remain is in csrc/ops/sample.cc.
#pragma once

#include "kernels/kernels.h"
#include "kernels/vec.h"

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

void temper(float* values, int64_t count, float temperature) {
    for_lanes(count, [&](int64_t i, auto load, auto store) {
        store(values + i, maximum(load(values + i) / temperature, broadcast(-kInfinity)));
    });
}

void weigh(float* weights, const float* values, int64_t count, float largest_value) {
    for_lanes(count, [&](int64_t i, auto load, auto store) { store(weights + i, exponential(load(values + i) - largest_value)); });
}

octavo::cpu::SamplingKernels sampling_kernels() { return {argmax, temper, weigh}; }

}  // namespace
