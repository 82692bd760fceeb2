// A backend as the exported functions see it, and the families of functions.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "octavo/addon.h"
#include "ops/ops.h"

namespace octavo::cpu {

/** One `createBackend`: its threads and everything it gave out. */
struct Backend {
    static constexpr const char* kName = "CPU";

    Backend(const Kernels& kernels, int threads, bool spin) : context(kernels, threads, spin) {}

    Context context;
    std::unordered_map<int64_t, Memory> memories;
    std::unordered_map<int64_t, LinearWeight> linears;
    std::unordered_map<int64_t, ExpertWeights> experts;
    int64_t next_id = 1;
};

using Call = BackendCall<Backend>;
using Environment = Call::State;

void export_memory(napi_env env, napi_value exports, Environment* environment, Exporter add);
void export_ops(napi_env env, napi_value exports, Environment* environment, Exporter add);

}  // namespace octavo::cpu
