// The exports of ops and of what else is enqueued, the same for every backend with an addon. The order of the arguments is that of src/native/native-op-calls.ts
// in @octavo/core. A backend's ops_binding.cc defines OCTAVO_BACKEND as its namespace and includes this after its own Call, ops,
// and `Queue& queue_of(Backend&)`: what its ops are enqueued on.
#pragma once

namespace octavo::OCTAVO_BACKEND {
namespace {

napi_value prepare_batch_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const BatchView batch = call.batch();
    const RecordTables records = call.records();
    BatchOutputs outputs;
    outputs.input_ids = call.pointer<int32_t>();
    outputs.positions = call.pointer<int32_t>();
    outputs.slots = call.pointer<int32_t>();
    outputs.groups = call.integer();
    prepare_batch(queue, batch, records, outputs);
    return nullptr;
}

template <void (*op)(Queue&, void*, const void*, const int32_t*, int64_t, int64_t, int64_t)>
napi_value pick_rows_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    void* out = call.pointer<void>();
    const void* from = call.pointer<void>();
    const int32_t* indices = call.pointer<int32_t>();
    const int64_t count = call.integer(), rows = call.integer(), row_bytes = call.integer();
    op(queue, out, from, indices, count, rows, row_bytes);
    return nullptr;
}

napi_value add_embedding_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const int32_t dtype = call.code();
    void* out = call.pointer<void>();
    const void* table = call.pointer<void>();
    const int32_t* ids = call.pointer<int32_t>();
    const int64_t tokens = call.integer(), hidden = call.integer(), rows = call.integer();
    add_embedding(queue, dtype, out, table, ids, tokens, hidden, rows, call.integer());
    return nullptr;
}

template <void (*op)(Queue&, const Norm&)>
napi_value norm_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    Norm arguments;
    arguments.dtype = call.code();
    arguments.out = call.pointer<void>();
    arguments.out_stride = call.integer();
    arguments.residual = call.optional_address();
    arguments.x = call.pointer<void>();
    arguments.x_stride = call.integer();
    arguments.weight = call.pointer<void>();
    arguments.weight_stride = call.integer();
    arguments.bias = call.optional_address();
    arguments.tokens = call.integer();
    arguments.heads = call.integer();
    arguments.hidden = call.integer();
    arguments.eps = static_cast<float>(call.number());
    const double offset = call.number();
    arguments.weight_offset = offset == 0 ? -0.0f : static_cast<float>(offset);
    op(queue, arguments);
    return nullptr;
}

napi_value rope_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    Rope arguments;
    arguments.dtype = call.code();
    arguments.q = call.pointer<void>();
    arguments.q_stride = call.integer();
    arguments.heads = call.integer();
    arguments.k = call.pointer<void>();
    arguments.k_stride = call.integer();
    arguments.kv_heads = call.integer();
    arguments.tokens = call.integer();
    arguments.head_dim = call.integer();
    arguments.positions = call.pointer<int32_t>();
    arguments.cos_sin = call.pointer<float>();
    arguments.max_positions = call.integer();
    arguments.rotary_dim = call.integer();
    rope(queue, arguments);
    return nullptr;
}

napi_value write_kv_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const PagedCache cache = call.cache();
    const void* k = call.pointer<void>();
    const int64_t k_stride = call.integer();
    const void* v = call.optional_address();
    const int64_t v_stride = call.integer();
    const int32_t* slots = call.pointer<int32_t>();
    write_kv(queue, cache, k, k_stride, v, v_stride, slots, call.integer());
    return nullptr;
}

napi_value paged_attention_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const PagedCache cache = call.cache();
    const BatchView batch = call.batch();
    PagedAttention arguments;
    arguments.out = call.pointer<void>();
    arguments.out_stride = call.integer();
    arguments.q = call.pointer<void>();
    arguments.q_stride = call.integer();
    arguments.heads = call.integer();
    arguments.tokens = call.integer();
    arguments.rows = call.integer();
    arguments.options = call.attention_options();
    paged_attention(queue, cache, batch, arguments);
    return nullptr;
}

napi_value encoder_attention_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const BatchView batch = call.batch();
    EncoderAttention arguments;
    arguments.dtype = call.code();
    arguments.out = call.pointer<void>();
    arguments.out_stride = call.integer();
    arguments.q = call.pointer<void>();
    arguments.q_stride = call.integer();
    arguments.k = call.pointer<void>();
    arguments.k_stride = call.integer();
    arguments.v = call.pointer<void>();
    arguments.v_stride = call.integer();
    arguments.heads = call.integer();
    arguments.kv_heads = call.integer();
    arguments.head_dim = call.integer();
    arguments.tokens = call.integer();
    arguments.rows = call.integer();
    arguments.options = call.attention_options();
    encoder_attention(queue, batch, arguments);
    return nullptr;
}

napi_value linear_entry(Call& call) {
    Backend& backend = call.backend();
    const LinearWeight& weight = call.linear(backend);
    Linear arguments;
    arguments.out = call.pointer<void>();
    arguments.out_stride = call.integer();
    arguments.out_dtype = call.code();
    arguments.x = call.pointer<void>();
    arguments.x_stride = call.integer();
    arguments.x_dtype = call.code();
    arguments.rows = call.integer();
    linear(queue_of(backend), weight, arguments);
    return nullptr;
}

napi_value route_experts_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    RouteExperts arguments;
    arguments.experts = call.pointer<int32_t>();
    arguments.weights = call.pointer<float>();
    arguments.logits = call.pointer<void>();
    arguments.dtype = call.code();
    arguments.tokens = call.integer();
    arguments.count = call.integer();
    arguments.chosen = call.integer();
    arguments.scoring = static_cast<ExpertScoring>(call.code());
    arguments.renormalize = call.code() != 0;
    arguments.scale = static_cast<float>(call.number());
    arguments.bias = static_cast<const float*>(call.optional_address());
    arguments.groups = call.integer();
    arguments.top_groups = call.integer();
    route_experts(queue, arguments);
    return nullptr;
}

napi_value expert_linear_entry(Call& call) {
    Backend& backend = call.backend();
    const ExpertWeights& experts = call.experts(backend);
    ExpertLinear arguments;
    arguments.linear.out = call.pointer<void>();
    arguments.linear.out_stride = call.integer();
    arguments.linear.out_dtype = call.code();
    arguments.linear.x = call.pointer<void>();
    arguments.linear.x_stride = call.integer();
    arguments.linear.x_dtype = call.code();
    arguments.linear.rows = call.integer();
    arguments.share = call.integer();
    arguments.experts = static_cast<const int32_t*>(call.optional_address());
    expert_linear(queue_of(backend), experts, arguments);
    return nullptr;
}

napi_value combine_experts_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    CombineExperts arguments;
    arguments.dtype = call.code();
    arguments.out = call.pointer<void>();
    arguments.x = call.pointer<void>();
    arguments.weights = call.pointer<float>();
    arguments.tokens = call.integer();
    arguments.chosen = call.integer();
    arguments.hidden = call.integer();
    combine_experts(queue, arguments);
    return nullptr;
}

template <void (*op)(Queue&, int32_t, Activation, void*, const void*, int64_t, int64_t)>
napi_value activation_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const int32_t dtype = call.code();
    void* out = call.pointer<void>();
    const void* x = call.pointer<void>();
    const int64_t tokens = call.integer(), width = call.integer();
    op(queue, dtype, static_cast<Activation>(call.code()), out, x, tokens, width);
    return nullptr;
}

napi_value add_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const int32_t dtype = call.code();
    void* out = call.pointer<void>();
    const void* x = call.pointer<void>();
    const int64_t tokens = call.integer();
    add(queue, dtype, out, x, tokens, call.integer());
    return nullptr;
}

/** Changes x in place by one number. */
template <void (*op)(Queue&, int32_t, void*, int64_t, int64_t, float)>
napi_value in_place_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const int32_t dtype = call.code();
    void* x = call.pointer<void>();
    const int64_t tokens = call.integer(), hidden = call.integer();
    op(queue, dtype, x, tokens, hidden, static_cast<float>(call.number()));
    return nullptr;
}

napi_value xielu_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const int32_t dtype = call.code();
    void* x = call.pointer<void>();
    const float* alphas = call.pointer<const float>();
    const int64_t tokens = call.integer();
    xielu(queue, dtype, x, alphas, tokens, call.integer());
    return nullptr;
}

napi_value softcap_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    float* x = call.pointer<float>();
    const int64_t tokens = call.integer(), hidden = call.integer();
    softcap(queue, x, tokens, hidden, static_cast<float>(call.number()));
    return nullptr;
}

napi_value mean_rows_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const BatchView batch = call.batch();
    float* out = call.pointer<float>();
    const int32_t dtype = call.code();
    const void* x = call.pointer<void>();
    const int64_t tokens = call.integer(), rows = call.integer();
    mean_rows(queue, batch, out, dtype, x, tokens, rows, call.integer());
    return nullptr;
}

napi_value adjust_logits_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const BatchView batch = call.batch();
    const RecordTables records = call.records();
    const int32_t* input_ids = call.pointer<int32_t>();
    float* logits = call.pointer<float>();
    adjust_logits(queue, batch, records, input_ids, logits, call.integer());
    return nullptr;
}

napi_value filter_logits_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const BatchView batch = call.batch();
    float* logits = call.pointer<float>();
    const int64_t samples = call.integer();
    filter_logits(queue, batch, logits, samples, call.integer());
    return nullptr;
}

napi_value sample_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    const BatchView batch = call.batch();
    int32_t* tokens = call.pointer<int32_t>();
    const float* logits = call.pointer<float>();
    const int64_t samples = call.integer();
    sample(queue, batch, tokens, logits, samples, call.integer());
    return nullptr;
}

napi_value logprobs_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    Logprobs out;
    out.tokens = call.pointer<int32_t>();
    out.logprobs = call.pointer<float>();
    out.ranks = call.pointer<int32_t>();
    out.columns = call.integer();
    const float* logits = call.pointer<float>();
    const int32_t* picked = call.pointer<int32_t>();
    const int64_t samples = call.integer(), vocabulary = call.integer();
    out.as_logits = call.code() != 0;
    logprobs(queue, out, logits, picked, samples, vocabulary);
    return nullptr;
}

/** convert(backend, to, toDtype, from, fromDtype, count): both in the backend's memory */
napi_value convert_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    void* to = call.pointer<void>();
    const int32_t to_dtype = call.code();
    const void* from = call.pointer<void>();
    const int32_t from_dtype = call.code();
    convert(queue, to, to_dtype, from, from_dtype, call.integer());
    return nullptr;
}

/** fillRandom(backend, out, dtype, seed, low, span, count) */
napi_value fill_random_entry(Call& call) {
    Queue& queue = queue_of(call.backend());
    void* out = call.pointer<void>();
    const int32_t dtype = call.code();
    RandomFill fill;
    fill.seed = static_cast<uint32_t>(call.integer());
    fill.low = static_cast<float>(call.number());
    fill.span = static_cast<float>(call.number());
    fill_random(queue, out, dtype, fill, call.integer());
    return nullptr;
}

}  // namespace

void export_ops(napi_env env, napi_value exports, Environment* environment, Exporter add) {
    add(env, exports, "prepareBatch", entry<prepare_batch_entry>, environment);
    add(env, exports, "embedding", entry<pick_rows_entry<embedding>>, environment);
    add(env, exports, "gatherRows", entry<pick_rows_entry<gather_rows>>, environment);
    add(env, exports, "addEmbedding", entry<add_embedding_entry>, environment);
    add(env, exports, "rmsNorm", entry<norm_entry<rms_norm>>, environment);
    add(env, exports, "layerNorm", entry<norm_entry<layer_norm>>, environment);
    add(env, exports, "rope", entry<rope_entry>, environment);
    add(env, exports, "writeKv", entry<write_kv_entry>, environment);
    add(env, exports, "pagedAttention", entry<paged_attention_entry>, environment);
    add(env, exports, "encoderAttention", entry<encoder_attention_entry>, environment);
    add(env, exports, "linear", entry<linear_entry>, environment);
    add(env, exports, "activate", entry<activation_entry<activate>>, environment);
    add(env, exports, "gatedActivation", entry<activation_entry<gated_activation>>, environment);
    add(env, exports, "add", entry<add_entry>, environment);
    add(env, exports, "scale", entry<in_place_entry<scale>>, environment);
    add(env, exports, "clamp", entry<in_place_entry<clamp>>, environment);
    add(env, exports, "xielu", entry<xielu_entry>, environment);
    add(env, exports, "softcap", entry<softcap_entry>, environment);
    add(env, exports, "meanRows", entry<mean_rows_entry>, environment);
    add(env, exports, "routeExperts", entry<route_experts_entry>, environment);
    add(env, exports, "expertLinear", entry<expert_linear_entry>, environment);
    add(env, exports, "combineExperts", entry<combine_experts_entry>, environment);
    add(env, exports, "adjustLogits", entry<adjust_logits_entry>, environment);
    add(env, exports, "filterLogits", entry<filter_logits_entry>, environment);
    add(env, exports, "sample", entry<sample_entry>, environment);
    add(env, exports, "logprobs", entry<logprobs_entry>, environment);
    add(env, exports, "convert", entry<convert_entry>, environment);
    add(env, exports, "fillRandom", entry<fill_random_entry>, environment);
}

}  // namespace octavo::OCTAVO_BACKEND
