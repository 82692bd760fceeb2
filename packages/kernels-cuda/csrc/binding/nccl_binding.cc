// Exports for collectives.
#include <cstring>

#include "binding/call.h"
#include "runtime/nccl.h"

namespace octavo::cuda {
namespace {

/** createUniqueId(): Uint8Array of 128 */
napi_value create_unique_id(Call& call) {
    const NcclId id = create_nccl_id();
    void* data = nullptr;
    napi_value buffer, result;
    napi_create_arraybuffer(call.env(), sizeof id.bytes, &data, &buffer);
    memcpy(data, id.bytes, sizeof id.bytes);
    napi_create_typedarray(call.env(), napi_uint8_array, sizeof id.bytes, buffer, 0, &result);
    return result;
}

/** createCommunicator(backend, rank, worldSize, uniqueId): id; blocks until every rank is there */
napi_value create_communicator(Call& call) {
    Backend& backend = call.backend();
    const int rank = call.code();
    const int world_size = call.code();
    const Call::Bytes bytes = call.bytes();
    NcclId unique;
    check(bytes.size == sizeof unique.bytes, ErrorCode::kInternal, "an NCCL id has %zu bytes, got %zu", sizeof unique.bytes, bytes.size);
    memcpy(unique.bytes, bytes.data, sizeof unique.bytes);
    auto communicator = std::make_unique<Communicator>(backend.stream.handle(), rank, world_size, unique);
    const int64_t id = backend.next_id++;
    backend.communicators.emplace(id, std::move(communicator));
    return integer_value(call, id);
}

/** disposeCommunicator(backend, communicator): nothing when the backend is gone, which took it along */
napi_value dispose_communicator(Call& call) {
    const int64_t backend_id = call.integer();
    const int64_t id = call.integer();
    auto& backends = call.environment().backends;
    if (backend_id < 0 || backend_id >= static_cast<int64_t>(backends.size())) return nullptr;
    const auto& backend = backends[static_cast<size_t>(backend_id)];
    if (!backend) return nullptr;
    cudaSetDevice(backend->stream.ordinal());  // unchecked: a communicator on a GPU that failed must go too
    backend->communicators.erase(id);
    return nullptr;
}

Communicator& communicator_of(Call& call) {
    Backend& backend = call.backend();
    const auto found = backend.communicators.find(call.integer());
    check(found != backend.communicators.end(), ErrorCode::kDisposed, "collectives were used after dispose()");
    return *found->second;
}

/** What every transfer is given first. */
struct Elements {
    size_t count;
    int32_t dtype;
};

Elements elements_of(Call& call) {
    const auto count = static_cast<size_t>(call.integer());
    return {count, call.code()};
}

/** allReduce(backend, communicator, out, x, count, dtype, reduction) */
napi_value all_reduce(Call& call) {
    Communicator& communicator = communicator_of(call);
    void* out = call.pointer<void>();
    const void* x = call.pointer<void>();
    const Elements e = elements_of(call);
    communicator.all_reduce(out, x, e.count, e.dtype, static_cast<Reduction>(call.code()));
    return nullptr;
}

/** allGather(backend, communicator, out, x, count, dtype); count: of x */
napi_value all_gather(Call& call) {
    Communicator& communicator = communicator_of(call);
    void* out = call.pointer<void>();
    const void* x = call.pointer<void>();
    const Elements e = elements_of(call);
    communicator.all_gather(out, x, e.count, e.dtype);
    return nullptr;
}

/** reduceScatter(backend, communicator, out, x, count, dtype, reduction); count: of out */
napi_value reduce_scatter(Call& call) {
    Communicator& communicator = communicator_of(call);
    void* out = call.pointer<void>();
    const void* x = call.pointer<void>();
    const Elements e = elements_of(call);
    communicator.reduce_scatter(out, x, e.count, e.dtype, static_cast<Reduction>(call.code()));
    return nullptr;
}

/** broadcast(backend, communicator, x, count, dtype, root) */
napi_value broadcast(Call& call) {
    Communicator& communicator = communicator_of(call);
    void* x = call.pointer<void>();
    const Elements e = elements_of(call);
    communicator.broadcast(x, e.count, e.dtype, call.code());
    return nullptr;
}

/** send(backend, communicator, x, count, dtype, peer) */
napi_value send(Call& call) {
    Communicator& communicator = communicator_of(call);
    const void* x = call.pointer<void>();
    const Elements e = elements_of(call);
    communicator.send(x, e.count, e.dtype, call.code());
    return nullptr;
}

/** recv(backend, communicator, out, count, dtype, peer) */
napi_value recv(Call& call) {
    Communicator& communicator = communicator_of(call);
    void* out = call.pointer<void>();
    const Elements e = elements_of(call);
    communicator.recv(out, e.count, e.dtype, call.code());
    return nullptr;
}

/** startGroup(backend, communicator) */
napi_value start_group(Call& call) {
    communicator_of(call).start_group();
    return nullptr;
}

/** endGroup(backend, communicator) */
napi_value end_group(Call& call) {
    communicator_of(call).end_group();
    return nullptr;
}

/** checkCommunicator(backend, communicator) */
napi_value check_communicator(Call& call) {
    communicator_of(call).check_ranks();
    return nullptr;
}

}  // namespace

void export_nccl(napi_env env, napi_value exports, Environment* environment, Exporter add) {
    add(env, exports, "createUniqueId", entry<create_unique_id>, environment);
    add(env, exports, "createCommunicator", entry<create_communicator>, environment);
    add(env, exports, "disposeCommunicator", entry<dispose_communicator>, environment);
    add(env, exports, "checkCommunicator", entry<check_communicator>, environment);
    add(env, exports, "allReduce", entry<all_reduce>, environment);
    add(env, exports, "allGather", entry<all_gather>, environment);
    add(env, exports, "reduceScatter", entry<reduce_scatter>, environment);
    add(env, exports, "broadcast", entry<broadcast>, environment);
    add(env, exports, "send", entry<send>, environment);
    add(env, exports, "recv", entry<recv>, environment);
    add(env, exports, "startGroup", entry<start_group>, environment);
    add(env, exports, "endGroup", entry<end_group>, environment);
}

}  // namespace octavo::cuda
