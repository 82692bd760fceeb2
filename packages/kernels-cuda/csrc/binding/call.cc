#include "binding/call.h"

namespace octavo::cuda {
namespace {

const char* code_name(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return "INVALID_ARGUMENT";
        case ErrorCode::kUnsupported:
            return "UNSUPPORTED";
        case ErrorCode::kBackendLoad:
            return "BACKEND_LOAD";
        case ErrorCode::kCheckpoint:
            return "CHECKPOINT";
        case ErrorCode::kOutOfMemory:
            return "OUT_OF_MEMORY";
        case ErrorCode::kDisposed:
            return "DISPOSED";
        case ErrorCode::kInternal:
            return "INTERNAL";
    }
    return "INTERNAL";
}

}  // namespace

Call::Call(napi_env env, napi_callback_info info) : env_(env) {
    void* data = nullptr;
    napi_get_cb_info(env, info, &count_, values_, nullptr, &data);
    environment_ = static_cast<Environment*>(data);
}

napi_value Call::value() {
    check(next_ < count_ && next_ < kMaxArguments, ErrorCode::kInternal, "argument %zu is missing", next_);
    return values_[next_++];
}

double Call::number() {
    double result = 0;
    const napi_value argument = value();
    check(napi_get_value_double(env_, argument, &result) == napi_ok, ErrorCode::kInternal, "argument %zu is not a number", next_ - 1);
    return result;
}

std::string Call::text() {
    const napi_value argument = value();
    size_t length = 0;
    check(napi_get_value_string_utf8(env_, argument, nullptr, 0, &length) == napi_ok, ErrorCode::kInternal, "argument %zu is not a string",
          next_ - 1);
    std::string result(length, '\0');
    napi_get_value_string_utf8(env_, argument, result.data(), length + 1, &length);
    return result;
}

Call::Bytes Call::bytes() {
    Bytes bytes;
    napi_typedarray_type type;
    void* data = nullptr;
    const napi_status status = napi_get_typedarray_info(env_, value(), &type, &bytes.size, &data, nullptr, nullptr);
    check(status == napi_ok && type == napi_uint8_array, ErrorCode::kInternal, "argument %zu is not a Uint8Array", next_ - 1);
    bytes.data = data;
    return bytes;
}

void* Call::address() {
    void* result = optional_address();
    check(result != nullptr, ErrorCode::kInternal, "argument %zu is a null address", next_ - 1);
    return result;
}

Backend& Call::backend() {
    const int64_t id = integer();
    const auto& backends = environment_->backends;
    const bool known = id >= 0 && id < static_cast<int64_t>(backends.size()) && backends[static_cast<size_t>(id)];
    check(known, ErrorCode::kDisposed, "the CUDA backend was used after dispose()");
    Backend& backend = *backends[static_cast<size_t>(id)];
    backend.stream.activate();
    return backend;
}

LinearWeight& Call::linear(Backend& backend) {
    const auto found = backend.linears.find(integer());
    check(found != backend.linears.end(), ErrorCode::kDisposed, "a linear weight was used after dispose()");
    return found->second;
}

cudaEvent_t Call::event(Backend& backend) {
    const auto found = backend.events.find(integer());
    check(found != backend.events.end(), ErrorCode::kDisposed, "an event was used after dispose()");
    return found->second;
}

BatchView Call::batch() {
    BatchView view;
    view.plan = pointer<int32_t>();
    view.plan_words = integer();
    view.row_ids = integer();
    view.query_starts = integer();
    view.context_lens = integer();
    view.sample_rows = integer();
    view.max_rows = integer();
    view.max_tokens = integer();
    view.max_blocks = integer();
    view.block_size = integer();
    view.block_tables = pointer<int32_t>();
    view.last_tokens = pointer<int32_t>();
    view.sampling = pointer<int32_t>();
    return view;
}

PagedCache Call::cache() {
    PagedCache cache;
    cache.keys = pointer<void>();
    cache.values = pointer<void>();
    cache.dtype = code();
    cache.blocks = integer();
    cache.kv_heads = integer();
    cache.block_size = integer();
    cache.head_dim = integer();
    return cache;
}

void Call::raise(const Error& error) const {
    napi_value code, message, undefined, factory, arguments[2], result;
    napi_create_string_utf8(env_, code_name(error.code), NAPI_AUTO_LENGTH, &code);
    napi_create_string_utf8(env_, error.message.c_str(), NAPI_AUTO_LENGTH, &message);
    arguments[0] = code;
    arguments[1] = message;
    napi_get_undefined(env_, &undefined);
    const bool created = environment_->create_error &&
                         napi_get_reference_value(env_, environment_->create_error, &factory) == napi_ok &&
                         napi_call_function(env_, undefined, factory, 2, arguments, &result) == napi_ok;
    if (created) {
        napi_throw(env_, result);
    } else {
        napi_throw_error(env_, code_name(error.code), error.message.c_str());
    }
}

}  // namespace octavo::cuda
