// Exports for GPUs, backends and events.
#include "binding/call.h"
#include "runtime/cublas_lt.h"
#include "runtime/device_memory.h"
#include "runtime/gpu.h"
#include "runtime/gpu_processes.h"
#include "runtime/nccl.h"

namespace octavo::cuda {
namespace {

void set(Call& call, napi_value object, const char* name, double number) {
    napi_value value;
    napi_create_double(call.env(), number, &value);
    napi_set_named_property(call.env(), object, name, value);
}

void set(Call& call, napi_value object, const char* name, const std::string& text) {
    napi_value value;
    napi_create_string_utf8(call.env(), text.c_str(), text.size(), &value);
    napi_set_named_property(call.env(), object, name, value);
}

/** findGpus(): { runtime, driver, architectures, problem, gpus: [{ name, major, minor, multiprocessors, totalBytes, l2Bytes }] } */
napi_value find_gpus_entry(Call& call) {
    const GpuReport report = find_gpus();
    napi_value result, gpus;
    napi_create_object(call.env(), &result);
    napi_create_array(call.env(), &gpus);
    set(call, result, "runtime", report.runtime);
    set(call, result, "driver", report.driver);
    set(call, result, "architectures", compiled_architectures());
    set(call, result, "problem", report.problem);
    uint32_t index = 0;
    for (const Gpu& gpu : report.gpus) {
        napi_value described;
        napi_create_object(call.env(), &described);
        set(call, described, "name", gpu.name);
        set(call, described, "major", gpu.major);
        set(call, described, "minor", gpu.minor);
        set(call, described, "multiprocessors", gpu.multiprocessors);
        set(call, described, "totalBytes", static_cast<double>(gpu.total_bytes));
        set(call, described, "l2Bytes", static_cast<double>(gpu.l2_bytes));
        napi_set_element(call.env(), gpus, index++, described);
    }
    napi_set_named_property(call.env(), result, "gpus", gpus);
    return result;
}

/** findLibraries(): [{ name, usable, found }] */
napi_value find_libraries(Call& call) {
    struct Library {
        const char* name;
        bool (*find)(std::string& found);
    };
    constexpr Library libraries[] = {{"cuBLASLt", CublasLt::find}, {"NCCL", find_nccl}};
    napi_value result;
    napi_create_array(call.env(), &result);
    uint32_t index = 0;
    for (const Library& library : libraries) {
        std::string found;
        napi_value described, usable;
        napi_create_object(call.env(), &described);
        napi_get_boolean(call.env(), library.find(found), &usable);
        set(call, described, "name", std::string(library.name));
        set(call, described, "found", found);
        napi_set_named_property(call.env(), described, "usable", usable);
        napi_set_element(call.env(), result, index++, described);
    }
    return result;
}

/** createBackend(ordinal, batchInvariant): id */
napi_value create_backend(Call& call) {
    const int ordinal = call.code();
    const bool batch_invariant = call.number() != 0;
    auto& backends = call.environment().backends;
    backends.push_back(std::make_unique<Backend>(ordinal, batch_invariant));
    return integer_value(call, static_cast<int64_t>(backends.size()) - 1);
}

/** gemmOf(backend): what multiplies matrices, for people */
napi_value gemm_of(Call& call) {
    const std::string& text = call.backend().stream.gemm_text();
    napi_value result;
    napi_create_string_utf8(call.env(), text.c_str(), text.size(), &result);
    return result;
}

/** memoryOf(backend): { free, total, taken }, the last by this whole process */
napi_value memory_of(Call& call) {
    const int ordinal = call.backend().stream.ordinal();
    size_t free_bytes = 0, total_bytes = 0;
    check_cuda(cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
    napi_value result;
    napi_create_object(call.env(), &result);
    set(call, result, "free", static_cast<double>(free_bytes));
    set(call, result, "total", static_cast<double>(total_bytes));
    set(call, result, "taken", static_cast<double>(device_memory_taken(ordinal)));
    return result;
}

/** gpuProcesses(backend): [{ id, name, bytes }], see gpu_processes.h */
napi_value gpu_processes_entry(Call& call) {
    napi_value result;
    napi_create_array(call.env(), &result);
    uint32_t index = 0;
    for (const GpuProcess& process : gpu_processes(call.backend().stream.ordinal())) {
        napi_value described;
        napi_create_object(call.env(), &described);
        set(call, described, "id", process.id);
        set(call, described, "name", process.name);
        set(call, described, "bytes", static_cast<double>(process.bytes));
        napi_set_element(call.env(), result, index++, described);
    }
    return result;
}

/** synchronize(backend) */
napi_value synchronize(Call& call) {
    call.backend().stream.synchronize();
    return nullptr;
}

/** createEvent(backend, timing): id; `timing`: whether it keeps the time */
napi_value create_event(Call& call) {
    Backend& backend = call.backend();
    const unsigned flags = call.number() != 0 ? cudaEventDefault : cudaEventDisableTiming;
    cudaEvent_t event = nullptr;
    check_cuda(cudaEventCreateWithFlags(&event, flags), "cudaEventCreateWithFlags");
    const int64_t id = backend.next_id++;
    backend.events.emplace(id, event);
    return integer_value(call, id);
}

/** recordEvent(backend, event) */
napi_value record_event(Call& call) {
    Backend& backend = call.backend();
    check_cuda(cudaEventRecord(call.event(backend), backend.stream.handle()), "cudaEventRecord");
    return nullptr;
}

/** waitEvent(backend, event) */
napi_value wait_event(Call& call) {
    Backend& backend = call.backend();
    check_cuda(cudaEventSynchronize(call.event(backend)), "cudaEventSynchronize");
    backend.stream.check_fault();
    return nullptr;
}

/** disposeEvent(backend, event) */
napi_value dispose_event(Call& call) {
    Backend& backend = call.backend();
    const auto found = backend.events.find(call.integer());
    if (found == backend.events.end()) return nullptr;
    cudaEventDestroy(found->second);
    backend.events.erase(found);
    return nullptr;
}

}  // namespace

void export_device(napi_env env, napi_value exports, Environment* environment, Exporter add) {
    add(env, exports, "findGpus", entry<find_gpus_entry>, environment);
    add(env, exports, "findLibraries", entry<find_libraries>, environment);
    add(env, exports, "createBackend", entry<create_backend>, environment);
    add(env, exports, "gemmOf", entry<gemm_of>, environment);
    add(env, exports, "memoryOf", entry<memory_of>, environment);
    add(env, exports, "gpuProcesses", entry<gpu_processes_entry>, environment);
    add(env, exports, "synchronize", entry<synchronize>, environment);
    add(env, exports, "createEvent", entry<create_event>, environment);
    add(env, exports, "recordEvent", entry<record_event>, environment);
    add(env, exports, "waitEvent", entry<wait_event>, environment);
    add(env, exports, "disposeEvent", entry<dispose_event>, environment);
}

}  // namespace octavo::cuda
