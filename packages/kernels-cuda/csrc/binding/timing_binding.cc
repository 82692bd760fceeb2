// Exports for measuring: the time between events, and what is enqueued beside the ops.
#include "binding/call.h"
#include "ops/probe.h"

namespace octavo::cuda {
namespace {

/** elapsedMicroseconds(backend, start, end): waits for the end */
napi_value elapsed_microseconds(Call& call) {
    Backend& backend = call.backend();
    const cudaEvent_t start = call.event(backend), end = call.event(backend);
    check_cuda(cudaEventSynchronize(end), "cudaEventSynchronize");
    backend.stream.check_fault();
    float milliseconds = 0;
    check_cuda(cudaEventElapsedTime(&milliseconds, start, end), "cudaEventElapsedTime");
    napi_value result;
    napi_create_double(call.env(), 1000.0 * static_cast<double>(milliseconds), &result);
    return result;
}

/** delay(backend, microseconds) */
napi_value delay_entry(Call& call) {
    Stream& stream = call.backend().stream;
    delay(stream, call.integer());
    return nullptr;
}

/** readProbe(backend, sum, data, bytes) */
napi_value read_probe_entry(Call& call) {
    Stream& stream = call.backend().stream;
    uint32_t* sum = call.pointer<uint32_t>();
    const void* data = call.pointer<void>();
    read_probe(stream, sum, data, call.integer());
    return nullptr;
}

}  // namespace

void export_timing(napi_env env, napi_value exports, Environment* environment, Exporter add) {
    add(env, exports, "elapsedMicroseconds", entry<elapsed_microseconds>, environment);
    add(env, exports, "delay", entry<delay_entry>, environment);
    add(env, exports, "readProbe", entry<read_probe_entry>, environment);
}

}  // namespace octavo::cuda
