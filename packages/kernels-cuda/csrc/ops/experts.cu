// Which kernels route tokens to experts and multiply their rows.
#include <algorithm>

#include "kernels/expert_linear.cuh"
#include "kernels/route_experts.cuh"
#include "ops/launch.h"

namespace octavo::cuda {
namespace {

using kernels::ExpertCall;
using kernels::ExpertGroups;

/** Rows up to which most experts have one or two of them, and finding those costs less than a kernel that groups them. */
constexpr int kFewRows = 64;

template <typename T>
void launch_few_rows(Stream& stream, const ExpertCall& call) {
    constexpr int kOutputs = kernels::kExpertFewThreads / kernels::kWarp * kernels::kExpertFewOutputs;
    const dim3 grid(blocks_for(call.outputs, kOutputs), static_cast<unsigned>(call.rows));
    const auto kernel = call.rows <= call.share  ? kernels::expert_few_rows<T, 1>
                        : call.rows <= 16        ? kernels::expert_few_rows<T, 2>
                        : call.rows <= 32        ? kernels::expert_few_rows<T, 4>
                                                 : kernels::expert_few_rows<T, 8>;
    kernel<<<grid, kernels::kExpertFewThreads, 0, stream.handle()>>>(call, stream.fault());
}

/** Heads have as many rows each, so that nothing needs to be grouped. */
unsigned tiles_of(const ExpertCall& call, int tile_rows) {
    if (!call.experts) return static_cast<unsigned>(call.count) * blocks_for(call.rows / call.count, tile_rows);
    return static_cast<unsigned>(kernels::most_tiles(call.rows, call.count, tile_rows));
}

template <typename T, int kRows>
void launch_mma(Stream& stream, const ExpertCall& call, const ExpertGroups* groups) {
    const dim3 grid(blocks_for(call.outputs, kernels::kExpertOutputs), tiles_of(call, kRows));
    kernels::expert_mma<T, kRows><<<grid, kernels::kExpertThreads, 0, stream.handle()>>>(call, groups);
}

template <typename X, typename W, int kRows>
void launch_tiled(Stream& stream, const ExpertCall& call, const ExpertGroups* groups) {
    const dim3 grid(blocks_for(call.outputs, kernels::kExpertTile), tiles_of(call, kRows));
    kernels::expert_tiled<X, W, kRows><<<grid, kernels::kExpertTileThreads, 0, stream.handle()>>>(call, groups);
}

/** Rows in tiles of kRows: the number of them in a tile changes no result. */
template <int kRows>
void launch_grouped(Stream& stream, const ExpertCall& call, int32_t weight_dtype, int32_t x_dtype, bool packed) {
    auto* groups = call.experts ? static_cast<ExpertGroups*>(stream.expert_groups()) : nullptr;
    if (groups) kernels::group_rows<<<1, kernels::kGroupThreads, 0, stream.handle()>>>(call, kRows, groups, stream.fault());
    with_float_type(weight_dtype, [&](auto weight_tag) {
        using W = typename decltype(weight_tag)::Type;
        if constexpr (sizeof(W) == 2) {
            if (packed) return launch_mma<W, kRows>(stream, call, groups);
        }
        with_float_type(x_dtype, [&](auto x_tag) { launch_tiled<typename decltype(x_tag)::Type, W, kRows>(stream, call, groups); });
    });
}

/** Up to kMostGroupedRows rows. */
void launch(Stream& stream, const ExpertWeights& weights, const ExpertCall& call, int32_t x_dtype) {
    const int64_t size = dtype::kSizes[weights.dtype];
    const bool packed = x_dtype == weights.dtype && weights.packed && in_packs(bits_of(call.x), call.x_stride * size, call.inputs * size);
    if (packed && call.rows <= kFewRows && !stream.batch_invariant()) {
        return with_float_type(weights.dtype, [&](auto tag) { launch_few_rows<typename decltype(tag)::Type>(stream, call); });
    }
    // As if all experts were picked as often: only the routing, which is on the GPU, knows better.
    if (call.rows <= call.count * kernels::kFewTileRows) {
        launch_grouped<kernels::kFewTileRows>(stream, call, weights.dtype, x_dtype, packed);
    } else {
        launch_grouped<kernels::kManyTileRows>(stream, call, weights.dtype, x_dtype, packed);
    }
}

}  // namespace

size_t expert_groups_bytes() { return sizeof(ExpertGroups); }

void route_experts(Stream& stream, const RouteExperts& arguments) {
    const unsigned blocks = blocks_for(arguments.tokens, kernels::kRouteWarps);
    with_float_type(arguments.dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        kernels::route_experts<T>
            <<<blocks, kernels::kRouteWarps * kernels::kWarp, kernels::route_shared_bytes(arguments.count), stream.handle()>>>(arguments);
    });
    check_launch("routeExperts");
}

void expert_linear(Stream& stream, const ExpertWeights& weights, const ExpertLinear& arguments) {
    const Linear& linear = arguments.linear;
    const int64_t out_size = dtype::kSizes[linear.out_dtype], x_size = dtype::kSizes[linear.x_dtype];
    // Whole tokens, so that the heads of each begin anew.
    const int64_t token_rows = arguments.experts ? arguments.share : weights.count;
    const int64_t at_once = kernels::kMostGroupedRows / token_rows * token_rows;
    for (int64_t first = 0; first < linear.rows; first += at_once) {
        const ExpertCall call = {static_cast<char*>(linear.out) + first * linear.out_stride * out_size,
                                 linear.out_stride,
                                 linear.out_dtype,
                                 static_cast<const char*>(linear.x) + first / arguments.share * linear.x_stride * x_size,
                                 linear.x_stride,
                                 weights.table,
                                 arguments.experts ? arguments.experts + first : nullptr,
                                 static_cast<int>(std::min(at_once, linear.rows - first)),
                                 static_cast<int>(arguments.share),
                                 static_cast<int>(weights.count),
                                 static_cast<int>(weights.in_features),
                                 static_cast<int>(weights.out_features)};
        launch(stream, weights, call, linear.x_dtype);
    }
    check_launch("expertLinear");
}

void combine_experts(Stream& stream, const CombineExperts& a) {
    const bool packed = in_packs(bits_of(a.out), bits_of(a.x), a.hidden * dtype::kSizes[a.dtype]);
    with_float_type(a.dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        const int64_t units = packed ? a.hidden / kernels::Pack<T>::kSize : a.hidden;
        const dim3 grid(static_cast<unsigned>(a.tokens), blocks_for(units, kernels::kRowThreads));
        const auto kernel = packed ? kernels::combine_experts<T, kernels::Pack<T>::kSize> : kernels::combine_experts<T, 1>;
        kernel<<<grid, kernels::kRowThreads, 0, stream.handle()>>>(static_cast<T*>(a.out), static_cast<const T*>(a.x), a.weights,
                                                                   static_cast<int>(a.chosen), units);
    });
    check_launch("combineExperts");
}

}  // namespace octavo::cuda
