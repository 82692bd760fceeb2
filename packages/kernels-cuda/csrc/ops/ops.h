// The ops: what packages/core/src/ops.ts says, over raw addresses. Each chooses a kernel and a grid and enqueues it on the
// stream; nothing here allocates or waits, so that every op can be captured in a CUDA graph. Shapes and dtypes were checked in
// TypeScript; numbers that come from device memory (ids, slots, blocks, plan words) are checked by the kernels, see fault.h.
// Strides count elements; dtypes are the codes of octavo/step_plan.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "octavo/op_arguments.h"
#include "runtime/stream.h"

namespace octavo::cuda {

/** out[t] = table[ids[t]]; an id outside of [0, rows) gives zeros. */
void embedding(Stream& stream, void* out, const void* table, const int32_t* ids, int64_t tokens, int64_t rows, int64_t row_bytes);
/** out[s] = x[indices[s]]; an index outside of [0, rows) is a fault. */
void gather_rows(Stream& stream, void* out, const void* x, const int32_t* indices, int64_t samples, int64_t rows, int64_t row_bytes);

/** out[t] += table[ids[t] + offset]; what lies outside of [0, rows) adds nothing. */
void add_embedding(Stream& stream, int32_t dtype, void* out, const void* table, const int32_t* ids, int64_t tokens, int64_t hidden,
                   int64_t rows, int64_t offset);

void rms_norm(Stream& stream, const Norm& arguments);
void layer_norm(Stream& stream, const Norm& arguments);

void activate(Stream& stream, int32_t dtype, Activation activation, void* out, const void* x, int64_t tokens, int64_t width);
void gated_activation(Stream& stream, int32_t dtype, Activation activation, void* out, const void* gate_up, int64_t tokens,
                      int64_t width);
void add(Stream& stream, int32_t dtype, void* out, const void* x, int64_t tokens, int64_t hidden);
void scale(Stream& stream, int32_t dtype, void* x, int64_t tokens, int64_t hidden, float factor);
void clamp(Stream& stream, int32_t dtype, void* x, int64_t tokens, int64_t hidden, float limit);
void xielu(Stream& stream, int32_t dtype, void* x, const float* alphas, int64_t tokens, int64_t width);
void softcap(Stream& stream, float* x, int64_t tokens, int64_t hidden, float cap);

/** A row whose tokens are outside of [0, tokens) is a fault. */
void mean_rows(Stream& stream, const BatchView& batch, float* out, int32_t dtype, const void* x, int64_t tokens, int64_t rows,
               int64_t hidden);

/** Rotates q and k in place; a position outside of [0, max_positions) is a fault. */
void rope(Stream& stream, const Rope& arguments);

/** Weights of a linear layer, its parts stacked along the output. */
struct LinearWeight {
    int64_t in_features = 0, out_features = 0;
    int32_t dtype = 0;
    const void* weight = nullptr;  // [out_features, in_features]
    const float* bias = nullptr;   // [out_features] or null
    const void* same_bias = nullptr;  // the same rounded to `dtype`, for libraries; null with `bias`
};
void linear(Stream& stream, const LinearWeight& weight, const Linear& arguments);

/** Where an expert's weights are. */
struct ExpertEntry {
    const void* weight;  // [out_features, in_features]
    const float* bias;   // [out_features] or null
};
/** Layers of one shape by the ids of their experts. TypeScript checks before a call that they all still exist. */
struct ExpertWeights {
    int64_t in_features = 0, out_features = 0, count = 0;
    int32_t dtype = 0;
    bool packed = false;                 // whether all weights lie at multiples of 16 bytes
    const ExpertEntry* table = nullptr;  // [count], in GPU memory
};
/** Fills routing; the ids are always valid and differ. */
void route_experts(Stream& stream, const RouteExperts& arguments);
/** What a stream must hold for expert_linear. */
size_t expert_groups_bytes();
/** An expert that is not there is a fault. */
void expert_linear(Stream& stream, const ExpertWeights& weights, const ExpertLinear& arguments);
void combine_experts(Stream& stream, const CombineExperts& arguments);

/** A slot outside of the cache is a fault. */
void write_kv(Stream& stream, const PagedCache& cache, const void* k, int64_t k_stride, const void* v, int64_t v_stride,
              const int32_t* slots, int64_t tokens);

void prepare_batch(Stream& stream, const BatchView& batch, const RecordTables& tables, const BatchOutputs& outputs);

/** What a stream's workspace must hold for paged_attention. */
size_t attention_workspace_bytes();
/** A block outside of the cache is a fault. */
void paged_attention(Stream& stream, const PagedCache& cache, const BatchView& batch, const PagedAttention& arguments);
void encoder_attention(Stream& stream, const BatchView& batch, const EncoderAttention& arguments);

/** A row's edit that points outside of the vocabulary is a fault. */
void adjust_logits(Stream& stream, const BatchView& batch, const RecordTables& tables, const int32_t* input_ids, float* logits,
                   int64_t samples);

void filter_logits(Stream& stream, const BatchView& batch, float* logits, int64_t samples, int64_t vocabulary);

void sample(Stream& stream, const BatchView& batch, int32_t* tokens, const float* logits, int64_t samples, int64_t vocabulary);

void logprobs(Stream& stream, const Logprobs& out, const float* logits, const int32_t* picked, int64_t samples, int64_t vocabulary);

/** Converts between float32, float16 and bfloat16, rounding to nearest even. */
void convert(Stream& stream, void* out, int32_t out_dtype, const void* in, int32_t in_dtype, int64_t count);

/** Fills float32, float16 or bfloat16. */
void fill_random(Stream& stream, void* out, int32_t dtype, const RandomFill& fill, int64_t count);

/** Whether the calling thread's GPU can run the kernels that were compiled. */
bool has_kernels();

}  // namespace octavo::cuda
