// What the exported functions share: per-environment state, positional arguments, exceptions. Raw Node-API, because an op
// call is some 20 numbers and wrapper classes cost several times the call itself.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

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
    Backend(int ordinal, bool batch_invariant) : stream(ordinal, batch_invariant) {}
    ~Backend();

    void release(const Memory& memory);

    Stream stream;
    std::unordered_map<int64_t, Memory> memories;
    std::unordered_map<int64_t, LinearWeight> linears;
    std::unordered_map<int64_t, cudaEvent_t> events;
    std::unordered_map<int64_t, std::unique_ptr<Graph>> graphs;
    std::unordered_map<int64_t, std::unique_ptr<Communicator>> communicators;
    int64_t next_id = 1;
};

/** The state of one JavaScript environment (the main thread or a worker). Its end disposes what was forgotten. */
struct Environment {
    napi_ref create_error = nullptr;
    std::vector<std::unique_ptr<Backend>> backends;
};

/** One call from JavaScript: reads the arguments in order. */
class Call {
public:
    Call(napi_env env, napi_callback_info info);

    napi_env env() const { return env_; }
    Environment& environment() const { return *environment_; }

    double number();
    int64_t integer() { return static_cast<int64_t>(number()); }
    int32_t code() { return static_cast<int32_t>(number()); }
    std::string text();
    napi_value value();
    struct Bytes {
        const void* data = nullptr;
        size_t size = 0;
    };
    /** A Uint8Array's bytes, in JavaScript's memory. */
    Bytes bytes();
    /** An address. @throws INTERNAL for null */
    template <typename T>
    T* pointer() {
        return static_cast<T*>(address());
    }
    /** An address or null. */
    void* optional_address() { return reinterpret_cast<void*>(static_cast<uintptr_t>(number())); }
    /** @throws DISPOSED */
    Backend& backend();
    /** @throws INTERNAL for a handle that was disposed */
    LinearWeight& linear(Backend& backend);
    /** @throws DISPOSED for an event that was disposed */
    cudaEvent_t event(Backend& backend);
    BatchView batch();
    PagedCache cache();

    void raise(const Error& error) const;

private:
    static constexpr size_t kMaxArguments = 40;

    void* address();

    napi_env env_;
    Environment* environment_ = nullptr;
    size_t count_ = kMaxArguments;
    size_t next_ = 0;
    napi_value values_[kMaxArguments];
};

/** A function of the addon. @returns null for undefined */
using Body = napi_value (*)(Call& call);

/** The Node-API callback around a body: no C++ exception crosses the border. */
template <Body body>
napi_value entry(napi_env env, napi_callback_info info) {
    Call call(env, info);
    try {
        return body(call);
    } catch (const Error& error) {
        call.raise(error);
    } catch (const std::bad_alloc&) {
        call.raise({ErrorCode::kOutOfMemory, "the system refused memory for bookkeeping"});
    } catch (const std::exception& error) {
        call.raise({ErrorCode::kInternal, error.what()});
    }
    return nullptr;
}

/** Adds the functions of one family to the addon's exports. */
using Exporter = void (*)(napi_env env, napi_value exports, const char* name, napi_callback callback, Environment* environment);
void export_graphs(napi_env env, napi_value exports, Environment* environment, Exporter add);
void export_device(napi_env env, napi_value exports, Environment* environment, Exporter add);
void export_memory(napi_env env, napi_value exports, Environment* environment, Exporter add);
void export_nccl(napi_env env, napi_value exports, Environment* environment, Exporter add);
void export_timing(napi_env env, napi_value exports, Environment* environment, Exporter add);
void export_ops(napi_env env, napi_value exports, Environment* environment, Exporter add);

}  // namespace octavo::cuda
