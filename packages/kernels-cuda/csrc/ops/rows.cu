// Lookups, RoPE, the cache's writes and conversion.
#include "kernels/rows.cuh"

#include <algorithm>

#include "ops/launch.h"

namespace octavo::cuda {

using kernels::kRowThreads;
using kernels::OutOfRange;

namespace {

/** Rows in units of 16 bytes where everything allows it, else of 2: every float dtype is a multiple of that. */
template <OutOfRange kOutOfRange>
void pick_rows(Stream& stream, void* out, const void* table, const int32_t* ids, int64_t count, int64_t rows, int64_t row_bytes) {
    const unsigned blocks = static_cast<unsigned>(count);
    if (in_packs(bits_of(out), bits_of(table), row_bytes)) {
        kernels::pick_rows<uint4, kOutOfRange><<<blocks, kRowThreads, 0, stream.handle()>>>(
            static_cast<uint4*>(out), static_cast<const uint4*>(table), ids, rows, row_bytes / 16, stream.fault());
    } else {
        kernels::pick_rows<uint16_t, kOutOfRange><<<blocks, kRowThreads, 0, stream.handle()>>>(
            static_cast<uint16_t*>(out), static_cast<const uint16_t*>(table), ids, rows, row_bytes / 2, stream.fault());
    }
}

}  // namespace

void embedding(Stream& stream, void* out, const void* table, const int32_t* ids, int64_t tokens, int64_t rows, int64_t row_bytes) {
    pick_rows<OutOfRange::kZeros>(stream, out, table, ids, tokens, rows, row_bytes);
    check_launch("embedding");
}

void gather_rows(Stream& stream, void* out, const void* x, const int32_t* indices, int64_t samples, int64_t rows, int64_t row_bytes) {
    pick_rows<OutOfRange::kFault>(stream, out, x, indices, samples, rows, row_bytes);
    check_launch("gatherRows");
}

void add_embedding(Stream& stream, int32_t dtype, void* out, const void* table, const int32_t* ids, int64_t tokens, int64_t hidden,
                   int64_t rows, int64_t offset) {
    const bool packed = in_packs(bits_of(out), bits_of(table), hidden * dtype::kSizes[dtype]);
    with_float_type(dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        constexpr int kWidth = kernels::Pack<T>::kSize;
        const auto kernel = packed ? kernels::add_embedding<T, kWidth> : kernels::add_embedding<T, 1>;
        kernel<<<static_cast<unsigned>(tokens), kRowThreads, 0, stream.handle()>>>(
            static_cast<T*>(out), static_cast<const T*>(table), ids, offset, rows, packed ? hidden / kWidth : hidden);
    });
    check_launch("addEmbedding");
}

void rope(Stream& stream, const Rope& arguments) {
    if (arguments.rotary_dim == 0) return;
    with_float_type(arguments.dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        kernels::rope<T><<<static_cast<unsigned>(arguments.tokens), kRowThreads, 0, stream.handle()>>>(arguments, stream.fault());
    });
    check_launch("rope");
}

void write_kv(Stream& stream, const PagedCache& cache, const void* k, int64_t k_stride, const void* v, int64_t v_stride,
              const int32_t* slots, int64_t tokens) {
    const int64_t size = dtype::kSizes[cache.dtype];
    const auto launch = [&](auto tag) {
        using Unit = typename decltype(tag)::Type;
        const int64_t elements = static_cast<int64_t>(sizeof(Unit)), head_units = cache.head_dim * size / elements;
        kernels::write_kv<Unit><<<static_cast<unsigned>(tokens), kRowThreads, 0, stream.handle()>>>(
            static_cast<Unit*>(cache.keys), static_cast<Unit*>(cache.values), static_cast<const Unit*>(k), k_stride * size / elements,
            static_cast<const Unit*>(v), v_stride * size / elements, slots, cache.blocks, cache.kv_heads, cache.block_size, head_units,
            stream.fault());
    };
    if (in_packs(bits_of(cache.keys), bits_of(cache.values), bits_of(k), bits_of(v), k_stride * size, v_stride * size,
                 cache.head_dim * size)) {
        launch(TypeTag<uint4>{});
    } else {
        launch(TypeTag<uint16_t>{});
    }
    check_launch("writeKv");
}

void convert(Stream& stream, void* out, int32_t out_dtype, const void* in, int32_t in_dtype, int64_t count) {
    constexpr unsigned kMostBlocks = 4096;
    if (count == 0) return;
    const unsigned blocks = std::min(kMostBlocks, blocks_for(count, kRowThreads));
    with_float_type(out_dtype, [&](auto to) {
        using To = typename decltype(to)::Type;
        with_float_type(in_dtype, [&](auto from) {
            using From = typename decltype(from)::Type;
            kernels::convert<To, From>
                <<<blocks, kRowThreads, 0, stream.handle()>>>(static_cast<To*>(out), static_cast<const From*>(in), count);
        });
    });
    check_launch("convert");
}

}  // namespace octavo::cuda
