// The positional arguments of one call from JavaScript. Raw Node-API, because an op call is some 20 numbers and wrapper classes cost
// several times the call itself.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "octavo/error.h"
#include "octavo/op_arguments.h"

namespace octavo {

/** Reads the arguments in order. @throws INTERNAL for a missing one, or one of another type */
class Arguments {
public:
    Arguments(napi_env env, napi_callback_info info) : env_(env) { napi_get_cb_info(env, info, &count_, values_, nullptr, &data_); }

    napi_env env() const { return env_; }

    napi_value value() {
        check(next_ < count_ && next_ < kMost, ErrorCode::kInternal, "argument %zu is missing", next_);
        return values_[next_++];
    }

    double number() {
        double result = 0;
        const napi_value argument = value();
        check(napi_get_value_double(env_, argument, &result) == napi_ok, ErrorCode::kInternal, "argument %zu is not a number", next_ - 1);
        return result;
    }

    int64_t integer() { return static_cast<int64_t>(number()); }
    int32_t code() { return static_cast<int32_t>(number()); }

    std::string text() {
        const napi_value argument = value();
        size_t length = 0;
        check(napi_get_value_string_utf8(env_, argument, nullptr, 0, &length) == napi_ok, ErrorCode::kInternal,
              "argument %zu is not a string", next_ - 1);
        std::string result(length, '\0');
        napi_get_value_string_utf8(env_, argument, result.data(), length + 1, &length);
        return result;
    }

    struct Bytes {
        const void* data = nullptr;
        size_t size = 0;
    };
    /** A Uint8Array's bytes, in JavaScript's memory. */
    Bytes bytes() {
        Bytes bytes;
        bytes.data = array(napi_uint8_array, bytes.size);
        return bytes;
    }

    /** An address or null. */
    void* optional_address() { return reinterpret_cast<void*>(static_cast<uintptr_t>(number())); }

    /** An address. @throws INTERNAL for null */
    template <typename T>
    T* pointer() {
        void* result = optional_address();
        check(result != nullptr, ErrorCode::kInternal, "argument %zu is a null address", next_ - 1);
        return static_cast<T*>(result);
    }

    /** Float64Array, in the order of src/native/batch-words.ts in @octavo/core. */
    BatchView batch() {
        size_t count = 0;
        const auto* numbers = static_cast<const double*>(array(napi_float64_array, count));
        check(count == 15, ErrorCode::kInternal, "a batch has 15 numbers, %zu came", count);
        const auto integer = [&](size_t i) { return static_cast<int64_t>(numbers[i]); };
        const auto table = [&](size_t i) { return reinterpret_cast<int32_t*>(static_cast<uintptr_t>(numbers[i])); };
        BatchView view;
        view.plan = table(0);
        view.plan_words = integer(1);
        view.row_ids = integer(2);
        view.query_starts = integer(3);
        view.context_lens = integer(4);
        view.sample_rows = integer(5);
        view.sample_tokens = integer(6);
        view.max_rows = integer(7);
        view.max_tokens = integer(8);
        view.max_blocks = integer(9);
        view.block_size = integer(10);
        view.max_samples = integer(11);
        view.block_tables = table(12);
        view.last_tokens = table(13);
        view.sampling = table(14);
        return view;
    }

    RecordTables records() {
        RecordTables tables;
        tables.vocabulary = integer();
        tables.token_counts = static_cast<int32_t*>(optional_address());
        tables.recent_tokens = static_cast<int32_t*>(optional_address());
        tables.token_masks = static_cast<int32_t*>(optional_address());
        tables.edits = static_cast<int32_t*>(optional_address());
        return tables;
    }

    PagedCache cache() {
        PagedCache cache;
        cache.keys = pointer<void>();
        cache.values = optional_address();
        cache.dtype = code();
        cache.blocks = integer();
        cache.kv_heads = integer();
        cache.block_size = integer();
        cache.head_dim = integer();
        cache.value_dim = integer();
        cache.value_stride = integer();
        return cache;
    }

    AttentionOptions attention_options() {
        AttentionOptions options;
        options.scale = static_cast<float>(number());
        const int64_t window = integer();
        options.window = window > 0 && window < kWholeSequence ? window : kWholeSequence;
        options.softcap = static_cast<float>(number());
        options.sinks = static_cast<const float*>(optional_address());
        options.slopes = static_cast<const float*>(optional_address());
        return options;
    }

protected:
    /** What the function was registered with. */
    void* data() const { return data_; }

private:
    /** A typed array's elements, in JavaScript's memory. */
    void* array(napi_typedarray_type expected, size_t& size) {
        napi_typedarray_type type;
        void* data = nullptr;
        const napi_status status = napi_get_typedarray_info(env_, value(), &type, &size, &data, nullptr, nullptr);
        check(status == napi_ok && type == expected, ErrorCode::kInternal, "argument %zu is not an array of the expected type", next_ - 1);
        return data;
    }

    static constexpr size_t kMost = 40;

    napi_env env_;
    void* data_ = nullptr;
    size_t count_ = kMost;
    size_t next_ = 0;
    napi_value values_[kMost];
};

/** A whole number as a result. */
inline napi_value integer_value(const Arguments& call, int64_t value) {
    napi_value result;
    napi_create_int64(call.env(), value, &result);
    return result;
}

}  // namespace octavo
