// Exports for memory, files, copies and weights of linear layers.
#include <sys/mman.h>

#include <vector>

#include "binding/call.h"
#include "octavo/mapped_file.h"
#include "octavo/step_plan.h"

namespace octavo::cuda {

void Backend::release(const Memory& memory) {
    switch (memory.kind) {
        case MemoryKind::kDevice:
            return stream.release_device(memory.data, memory.bytes);
        case MemoryKind::kPinned:
            return stream.release_pinned(memory.data, memory.bytes);
        case MemoryKind::kMapped:
            munmap(memory.data, memory.bytes);
    }
}

Backend::~Backend() {
    cudaSetDevice(stream.ordinal());
    graphs.clear();         // one that runs is freed when it ends
    communicators.clear();  // after the graphs that hold their calls; before the wait, which may be for a rank that is gone
    cudaStreamSynchronize(stream.handle());
    for (auto& [id, event] : events) cudaEventDestroy(event);
    for (auto& [id, memory] : memories) {
        try {
            release(memory);
        } catch (const Error&) {
            // The GPU failed before; its memory goes with the process.
        }
    }
}

namespace {

/** { id, address, byteLength } */
napi_value describe(Call& call, Backend& backend, const Memory& memory) {
    napi_value result;
    napi_create_object(call.env(), &result);
    const int64_t id = backend.next_id++;
    backend.memories.emplace(id, memory);
    napi_set_named_property(call.env(), result, "id", integer_value(call, id));
    napi_set_named_property(call.env(), result, "address",
                            integer_value(call, static_cast<int64_t>(reinterpret_cast<uintptr_t>(memory.data))));
    napi_set_named_property(call.env(), result, "byteLength", integer_value(call, static_cast<int64_t>(memory.bytes)));
    return result;
}

/** { id, address, byteLength, buffer }; the buffer covers at most `view_bytes`. The backend owns the memory, not the buffer. */
napi_value describe_host(Call& call, Backend& backend, const Memory& memory, int64_t view_bytes) {
    const size_t viewed = static_cast<int64_t>(memory.bytes) < view_bytes ? memory.bytes : static_cast<size_t>(view_bytes);
    napi_value buffer;
    const napi_status status =
        napi_create_external_arraybuffer(call.env(), memory.data, viewed, [](napi_env, void*, void*) {}, nullptr, &buffer);
    if (status != napi_ok) {
        backend.release(memory);
        fail(ErrorCode::kInternal, "this JavaScript runtime does not allow external array buffers (status %d)", status);
    }
    const napi_value result = describe(call, backend, memory);
    napi_set_named_property(call.env(), result, "buffer", buffer);
    return result;
}

/** allocate(backend, bytes) */
napi_value allocate(Call& call) {
    Backend& backend = call.backend();
    const size_t bytes = static_cast<size_t>(call.integer());
    return describe(call, backend, {MemoryKind::kDevice, backend.stream.allocate_device(bytes), bytes});
}

/** allocateHost(backend, bytes, viewBytes) */
napi_value allocate_host(Call& call) {
    Backend& backend = call.backend();
    const size_t bytes = static_cast<size_t>(call.integer());
    const Memory memory = {MemoryKind::kPinned, backend.stream.allocate_pinned(bytes), bytes};
    return describe_host(call, backend, memory, call.integer());
}

/** mapFile(backend, path, viewBytes) */
napi_value map_file_entry(Call& call) {
    Backend& backend = call.backend();
    MappedFile mapped;
    const std::string failure = map_file(call.text().c_str(), mapped);
    check(failure.empty(), ErrorCode::kCheckpoint, "%s", failure.c_str());
    return describe_host(call, backend, {MemoryKind::kMapped, mapped.data, mapped.bytes}, call.integer());
}

/** release(backend, memory) */
napi_value release(Call& call) {
    Backend& backend = call.backend();
    const auto found = backend.memories.find(call.integer());
    if (found == backend.memories.end()) return nullptr;
    const Memory memory = found->second;
    backend.memories.erase(found);
    backend.release(memory);
    return nullptr;
}

/** copy(backend, to, toDevice, from, fromDevice, bytes) */
napi_value copy(Call& call) {
    Stream& stream = call.backend().stream;
    void* to = call.pointer<void>();
    const bool to_device = call.number() != 0;
    const void* from = call.pointer<void>();
    const bool from_device = call.number() != 0;
    stream.copy(to, to_device, from, from_device, static_cast<size_t>(call.integer()));
    return nullptr;
}

/** upload(backend, to, toDtype, from, fromDtype, count) */
napi_value upload(Call& call) {
    Stream& stream = call.backend().stream;
    void* to = call.pointer<void>();
    const int32_t to_dtype = call.code();
    const void* from = call.pointer<void>();
    const int32_t from_dtype = call.code();
    stream.uploader().upload(to, to_dtype, from, from_dtype, call.integer());
    return nullptr;
}

/** uploadBytes(backend, to, toDtype, bytes, fromDtype, count) */
napi_value upload_bytes(Call& call) {
    Stream& stream = call.backend().stream;
    void* to = call.pointer<void>();
    const int32_t to_dtype = call.code();
    const Call::Bytes bytes = call.bytes();
    const int32_t from_dtype = call.code();
    const int64_t count = call.integer();
    check(static_cast<int64_t>(bytes.size) == count * dtype::kSizes[from_dtype], ErrorCode::kInternal,
          "%zu bytes are not %lld elements of dtype %d", bytes.size, static_cast<long long>(count), from_dtype);
    stream.uploader().upload(to, to_dtype, bytes.data, from_dtype, count);
    return nullptr;
}

/** releaseStaging(backend): frees what uploads pass through and ends their threads, until the next upload */
napi_value release_staging(Call& call) {
    call.backend().stream.uploader().release();
    return nullptr;
}

/** ownBytes(backend): GPU memory held beside what `allocate` gave out */
napi_value own_bytes(Call& call) { return integer_value(call, static_cast<int64_t>(call.backend().stream.own_device_bytes())); }

/** createLinear(backend, inFeatures, outFeatures, dtype, weight, bias, sameBias): id */
napi_value create_linear(Call& call) {
    Backend& backend = call.backend();
    LinearWeight weight;
    weight.in_features = call.integer();
    weight.out_features = call.integer();
    weight.dtype = call.code();
    weight.weight = call.pointer<void>();
    weight.bias = static_cast<const float*>(call.optional_address());
    weight.same_bias = call.optional_address();
    const int64_t id = backend.next_id++;
    backend.linears.emplace(id, weight);
    return integer_value(call, id);
}

/** createExperts(backend, linears: int32 each, table): id; fills the table, an ExpertEntry each */
napi_value create_experts(Call& call) {
    Backend& backend = call.backend();
    const Call::Bytes bytes = call.bytes();
    const auto* linears = static_cast<const int32_t*>(bytes.data);
    std::vector<ExpertEntry> table(bytes.size / sizeof *linears);
    ExpertWeights weights;
    weights.packed = true;
    for (size_t i = 0; i < table.size(); i++) {
        const LinearWeight& linear = call.linear(backend, linears[i]);
        weights.in_features = linear.in_features;
        weights.out_features = linear.out_features;
        weights.dtype = linear.dtype;
        weights.packed &= reinterpret_cast<uintptr_t>(linear.weight) % 16 == 0;
        table[i] = {linear.weight, linear.bias};
    }
    weights.count = static_cast<int64_t>(table.size());
    weights.table = call.pointer<ExpertEntry>();
    // From memory that is not page-locked: copied before this returns.
    backend.stream.copy(const_cast<ExpertEntry*>(weights.table), true, table.data(), false, table.size() * sizeof(ExpertEntry));
    const int64_t id = backend.next_id++;
    backend.experts.emplace(id, weights);
    return integer_value(call, id);
}

}  // namespace

void export_memory(napi_env env, napi_value exports, Environment* environment, Exporter add) {
    add(env, exports, "allocate", entry<allocate>, environment);
    add(env, exports, "allocateHost", entry<allocate_host>, environment);
    add(env, exports, "mapFile", entry<map_file_entry>, environment);
    add(env, exports, "release", entry<release>, environment);
    add(env, exports, "copy", entry<copy>, environment);
    add(env, exports, "upload", entry<upload>, environment);
    add(env, exports, "uploadBytes", entry<upload_bytes>, environment);
    add(env, exports, "releaseStaging", entry<release_staging>, environment);
    add(env, exports, "ownBytes", entry<own_bytes>, environment);
    add(env, exports, "createLinear", entry<create_linear>, environment);
    add(env, exports, "createExperts", entry<create_experts>, environment);
}

}  // namespace octavo::cuda
