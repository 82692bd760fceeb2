// A backend as the exported functions see it, calls to it, and the families of functions.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "octavo/addon.h"
#include "ops/ops.h"
#include "runtime/error.h"
#include "runtime/graph.h"
#include "runtime/nccl.h"
#include "runtime/stream.h"

namespace octavo::cuda {

enum class MemoryKind { kDevice, kPinned, kMapped };

/** A block that a backend gave out. */
struct Memory {
    MemoryKind kind;
    void* data;
    size_t bytes;
};

/** One `createBackend`: its stream and everything it gave out. */
struct Backend {
    static constexpr const char* kName = "CUDA";

    Backend(int ordinal, bool batch_invariant) : stream(ordinal, batch_invariant) {}
    ~Backend();

    void release(const Memory& memory);

    Stream stream;
    std::unordered_map<int64_t, Memory> memories;
    std::unordered_map<int64_t, LinearWeight> linears;
    std::unordered_map<int64_t, ExpertWeights> experts;
    std::unordered_map<int64_t, cudaEvent_t> events;
    std::unordered_map<int64_t, std::unique_ptr<Graph>> graphs;
    std::unordered_map<int64_t, std::unique_ptr<Communicator>> communicators;
    int64_t next_id = 1;
};

class Call : public BackendCall<Backend> {
public:
    using BackendCall::BackendCall;

    /** Makes its GPU the thread's: backends of one thread may be on several. @throws DISPOSED */
    Backend& backend() {
        Backend& backend = BackendCall::backend();
        backend.stream.activate();
        return backend;
    }

    /** @throws DISPOSED */
    cudaEvent_t event(Backend& backend) {
        const auto found = backend.events.find(integer());
        check(found != backend.events.end(), ErrorCode::kDisposed, "an event was used after dispose()");
        return found->second;
    }
};

using Environment = Call::State;

void export_graphs(napi_env env, napi_value exports, Environment* environment, Exporter add);
void export_device(napi_env env, napi_value exports, Environment* environment, Exporter add);
void export_memory(napi_env env, napi_value exports, Environment* environment, Exporter add);
void export_nccl(napi_env env, napi_value exports, Environment* environment, Exporter add);
void export_timing(napi_env env, napi_value exports, Environment* environment, Exporter add);
void export_ops(napi_env env, napi_value exports, Environment* environment, Exporter add);

}  // namespace octavo::cuda
