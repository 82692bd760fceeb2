// The ops: what packages/core/src/ops.ts says, over raw addresses. Each splits its work over the pool and checks every
// number that comes from device memory (ids, slots, blocks, plan words); shapes and dtypes were checked in TypeScript.
// Strides count elements; dtypes are the codes of octavo/step_plan.h.
#pragma once

#include <cstdint>
#include <vector>

#include "octavo/op_arguments.h"
#include "ops/context.h"

namespace octavo::cpu {

/** out[t] = table[ids[t]]; an id outside of [0, rows) gives zeros. */
void embedding(Context& context, void* out, const void* table, const int32_t* ids, int64_t tokens, int64_t rows, int64_t row_bytes);
/** out[s] = x[indices[s]]. @throws INTERNAL for an index outside of [0, rows) */
void gather_rows(Context& context, void* out, const void* x, const int32_t* indices, int64_t samples, int64_t rows, int64_t row_bytes);

/** out[t] += table[ids[t] + offset]; what lies outside of [0, rows) adds nothing. */
void add_embedding(Context& context, int32_t dtype, void* out, const void* table, const int32_t* ids, int64_t tokens, int64_t hidden,
                   int64_t rows, int64_t offset);

void rms_norm(Context& context, const Norm& arguments);
void layer_norm(Context& context, const Norm& arguments);

void activate(Context& context, int32_t dtype, Activation activation, void* out, const void* x, int64_t tokens, int64_t width);
void gated_activation(Context& context, int32_t dtype, Activation activation, void* out, const void* gate_up, int64_t tokens,
                      int64_t width);
void add(Context& context, int32_t dtype, void* out, const void* x, int64_t tokens, int64_t hidden);
void scale(Context& context, int32_t dtype, void* x, int64_t tokens, int64_t hidden, float factor);
void clamp(Context& context, int32_t dtype, void* x, int64_t tokens, int64_t hidden, float limit);
void xielu(Context& context, int32_t dtype, void* x, const float* alphas, int64_t tokens, int64_t width);
void softcap(Context& context, float* x, int64_t tokens, int64_t hidden, float cap);

/** @throws INTERNAL when the plan gives a row tokens outside of [0, tokens) */
void mean_rows(Context& context, const BatchView& batch, float* out, int32_t dtype, const void* x, int64_t tokens, int64_t rows,
               int64_t hidden);

/** Rotates q and k in place. @throws INTERNAL for a position outside of [0, max_positions) */
void rope(Context& context, const Rope& arguments);

/** Weights of a linear layer: parts stacked along the output, each where it lies. */
struct LinearWeight {
    struct Part {
        const void* weight;  // dense: [rows, in_features]; otherwise panels
        int64_t rows;
        int format = kDense;  // or an index in kPanelFormats
    };
    static constexpr int kDense = -1;
    int64_t in_features = 0;
    int32_t dtype = 0;
    const float* bias = nullptr;  // [sum of rows] or null
    std::vector<Part> parts;
};
void linear(Context& context, const LinearWeight& weight, const Linear& arguments);

/** Layers of one shape by the ids of their experts. TypeScript checks before a call that they all still exist. */
struct ExpertWeights {
    std::vector<const LinearWeight*> experts;
};
/** Fills routing; the ids are always valid and differ. */
void route_experts(Context& context, const RouteExperts& arguments);
/** @throws INTERNAL, before anything is written, for an expert that is not there */
void expert_linear(Context& context, const ExpertWeights& weights, const ExpertLinear& arguments);
void combine_experts(Context& context, const CombineExperts& arguments);

/** Repacks rows of file blocks, at any address, into panels; `out` has panels_of(rows) * panel_bytes(k) bytes. */
void pack_linear(Context& context, int format, void* out, const void* blocks, int64_t rows, int64_t k);

/** @throws INTERNAL for a slot outside of the cache */
void write_kv(Context& context, const PagedCache& cache, const void* k, int64_t k_stride, const void* v, int64_t v_stride,
              const int32_t* slots, int64_t tokens);

/** @throws INTERNAL, before anything is written, when the plan points outside of its tables */
void prepare_batch(Context& context, const BatchView& batch, const RecordTables& tables, const BatchOutputs& outputs);

/** @throws INTERNAL for a block outside of the cache */
void paged_attention(Context& context, const PagedCache& cache, const BatchView& batch, const PagedAttention& arguments);

/** @throws INTERNAL when the plan points outside of the tokens */
void encoder_attention(Context& context, const BatchView& batch, const EncoderAttention& arguments);

/** @throws INTERNAL when the plan or a row's edits point outside of their tables */
void adjust_logits(Context& context, const BatchView& batch, const RecordTables& tables, const int32_t* input_ids, float* logits,
                   int64_t samples);

/** @throws INTERNAL when a sample names a row outside of the tables */
void filter_logits(Context& context, const BatchView& batch, float* logits, int64_t samples, int64_t vocabulary);

void sample(Context& context, const BatchView& batch, int32_t* tokens, const float* logits, int64_t samples, int64_t vocabulary);

void logprobs(Context& context, const Logprobs& out, const float* logits, const int32_t* picked, int64_t samples, int64_t vocabulary);

/** Converts between float32, float16 and bfloat16, rounding to nearest even. */
void convert(Context& context, void* out, int32_t out_dtype, const void* in, int32_t in_dtype, int64_t count);

/** Fills float32, float16 or bfloat16. */
void fill_random(Context& context, void* out, int32_t dtype, const RandomFill& fill, int64_t count);

}  // namespace octavo::cpu
