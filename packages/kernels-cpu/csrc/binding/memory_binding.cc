// Exports for backends, memory, files and weights of linear layers.
#include <cstring>

#include "binding/call.h"

namespace octavo::cpu {
namespace {

/** createBackend(threads, spin, isa): id */
napi_value create_backend(Call& call) {
    const int threads = call.code();
    const bool spin = call.number() != 0;
    check(threads >= 1 && threads <= 1024, ErrorCode::kInvalidArgument, "%d threads were asked for; 1 to 1024 are possible", threads);
    const Kernels& kernels = select_kernels(call.text().c_str());
    auto& backends = call.environment().backends;
    backends.push_back(std::make_unique<Backend>(kernels, threads, spin));
    return integer_value(call, static_cast<int64_t>(backends.size()) - 1);
}

/** isaOf(backend): string */
napi_value isa_of(Call& call) {
    napi_value result;
    napi_create_string_utf8(call.env(), call.backend().context.kernels.isa, NAPI_AUTO_LENGTH, &result);
    return result;
}

/** { id, address, byteLength, buffer }; the buffer covers at most `view_bytes`. The backend owns the memory, not the buffer. */
napi_value describe_memory(Call& call, Backend& backend, Memory memory, int64_t view_bytes) {
    const int64_t bytes = static_cast<int64_t>(memory.bytes());
    const size_t viewed = static_cast<size_t>(bytes < view_bytes ? bytes : view_bytes);
    void* data = memory.data();
    napi_env env = call.env();
    napi_value result, buffer;
    napi_create_object(env, &result);
    const napi_status status = napi_create_external_arraybuffer(env, data, viewed, [](napi_env, void*, void*) {}, nullptr, &buffer);
    check(status == napi_ok, ErrorCode::kInternal, "this JavaScript runtime does not allow external array buffers (status %d)", status);
    const int64_t id = backend.next_id++;
    backend.memories.emplace(id, std::move(memory));
    napi_set_named_property(env, result, "id", integer_value(call, id));
    napi_set_named_property(env, result, "address", integer_value(call, static_cast<int64_t>(reinterpret_cast<uintptr_t>(data))));
    napi_set_named_property(env, result, "byteLength", integer_value(call, bytes));
    napi_set_named_property(env, result, "buffer", buffer);
    return result;
}

/** allocate(backend, bytes, viewBytes) */
napi_value allocate(Call& call) {
    Backend& backend = call.backend();
    const int64_t bytes = call.integer();
    return describe_memory(call, backend, Memory::allocate(static_cast<size_t>(bytes)), call.integer());
}

/** mapFile(backend, path, viewBytes) */
napi_value map_file(Call& call) {
    Backend& backend = call.backend();
    Memory memory = Memory::map_file(call.text().c_str());
    return describe_memory(call, backend, std::move(memory), call.integer());
}

/** release(backend, memory) */
napi_value release(Call& call) {
    Backend& backend = call.backend();
    backend.memories.erase(call.integer());
    return nullptr;
}

/** copy(to, from, bytes) */
napi_value copy(Call& call) {
    void* to = call.pointer<void>();
    const void* from = call.pointer<void>();
    memmove(to, from, static_cast<size_t>(call.integer()));
    return nullptr;
}

/** createLinear(backend, inFeatures, dtype, bias, parts): id; the parts are set next */
napi_value create_linear(Call& call) {
    Backend& backend = call.backend();
    LinearWeight weight;
    weight.in_features = call.integer();
    weight.dtype = call.code();
    weight.bias = static_cast<const float*>(call.optional_address());
    weight.parts.resize(static_cast<size_t>(call.integer()));
    const int64_t id = backend.next_id++;
    backend.linears.emplace(id, std::move(weight));
    return integer_value(call, id);
}

/** setLinearPart(backend, linear, index, weight, rows, ggmlType) */
napi_value set_linear_part(Call& call) {
    Backend& backend = call.backend();
    LinearWeight& weight = call.linear(backend);
    const int64_t index = call.integer();
    check(index >= 0 && index < static_cast<int64_t>(weight.parts.size()), ErrorCode::kInternal, "a linear weight has %zu parts, not %lld",
          weight.parts.size(), static_cast<long long>(index));
    LinearWeight::Part& part = weight.parts[static_cast<size_t>(index)];
    part.weight = call.pointer<void>();
    part.rows = call.integer();
    const int32_t ggml_type = call.code();
    part.format = ggml_type < 0 ? LinearWeight::kDense : panel_format_of(ggml_type);
    return nullptr;
}

/** createExperts(backend, linears: int32 each): id */
napi_value create_experts(Call& call) {
    Backend& backend = call.backend();
    const Call::Bytes bytes = call.bytes();
    const auto* linears = static_cast<const int32_t*>(bytes.data);
    ExpertWeights weights;
    for (size_t i = 0; i < bytes.size / sizeof *linears; i++) weights.experts.push_back(&call.linear(backend, linears[i]));
    const int64_t id = backend.next_id++;
    backend.experts.emplace(id, std::move(weights));
    return integer_value(call, id);
}

/** panelBytes(ggmlType, rows, inFeatures) */
napi_value panel_bytes(Call& call) {
    const PanelFormat& format = kPanelFormats[panel_format_of(call.code())];
    const int64_t rows = call.integer();
    return integer_value(call, panels_of(rows) * format.panel_bytes(call.integer()));
}

/** packPanels(backend, ggmlType, out, from, rows, inFeatures) */
napi_value pack_panels(Call& call) {
    Context& context = call.backend().context;
    const int format = panel_format_of(call.code());
    void* out = call.pointer<void>();
    const void* from = call.pointer<void>();
    const int64_t rows = call.integer();
    pack_linear(context, format, out, from, rows, call.integer());
    return nullptr;
}

}  // namespace

void export_memory(napi_env env, napi_value exports, Environment* environment, Exporter add) {
    add(env, exports, "createBackend", entry<create_backend>, environment);
    add(env, exports, "isaOf", entry<isa_of>, environment);
    add(env, exports, "allocate", entry<allocate>, environment);
    add(env, exports, "mapFile", entry<map_file>, environment);
    add(env, exports, "release", entry<release>, environment);
    add(env, exports, "copy", entry<copy>, environment);
    add(env, exports, "createLinear", entry<create_linear>, environment);
    add(env, exports, "setLinearPart", entry<set_linear_part>, environment);
    add(env, exports, "createExperts", entry<create_experts>, environment);
    add(env, exports, "panelBytes", entry<panel_bytes>, environment);
    add(env, exports, "packPanels", entry<pack_panels>, environment);
}

}  // namespace octavo::cpu
