// What every op of one backend works with: its kernels, its threads, its scratch.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/kernels.h"
#include "runtime/memory.h"
#include "runtime/thread_pool.h"

namespace octavo::cpu {

/** One attention unit's place in the batch. */
struct AttentionSpan {
    int32_t row;
    int32_t first_token;
    int32_t tokens;
    int32_t first_position;
    int32_t length;  // of the sequence, in this step
};

/** Rows of one expert that are worked on together. */
struct ExpertSpan {
    int32_t expert;
    /** Where they begin in the rows by expert, and how many they are. */
    int32_t first, rows;
    /** The first of its chunks among those of the spans that run at once. */
    int64_t chunk;
    const DenseKernel* kernel;
    /** Where they begin, and where as the kernel wants them laid out, null if it does not. */
    const char* gathered = nullptr;
    char* packed = nullptr;
};

/** The rows of a step by expert. */
struct ExpertGroups {
    /** [experts + 1], where the rows of each begin in `rows`. */
    std::vector<int32_t> starts;
    std::vector<int32_t> rows;
    std::vector<ExpertSpan> spans;
};

struct Context {
    Context(const Kernels& kernels, int threads, bool spin) : kernels(kernels), pool(threads, spin) {}

    const Kernels& kernels;
    ThreadPool pool;
    /** Activations as float32, for linear layers whose input is not. */
    Memory activations;
    /** Activations laid out as the kernels of dense layers want them. */
    Memory packed;
    /** Activations in 8 bits, for linear layers in block formats. */
    Memory quantized;
    std::vector<AttentionSpan> spans;
    ExpertGroups expert_groups;
};

/** Elements below which a memory-bound op is done sooner by one thread than shared. */
inline constexpr int64_t kMinParallelElements = 32 * 1024;
/** Multiply-adds below which a product is done sooner by one thread than shared. */
inline constexpr int64_t kMinParallelProducts = 64 * 1024;

/** Runs `work(begin, end)` over [0, rows) in chunks of about 16k elements. */
template <typename Work>
void for_rows(Context& context, int64_t rows, int64_t row_elements, Work work) {
    constexpr int64_t kChunkElements = 16 * 1024;
    const int64_t step = row_elements >= kChunkElements ? 1 : kChunkElements / (row_elements > 0 ? row_elements : 1);
    const int64_t chunks = (rows + step - 1) / step;
    context.pool.run(chunks, rows * row_elements >= kMinParallelElements, [&](int64_t chunk, int) {
        const int64_t end = (chunk + 1) * step;
        work(chunk * step, end < rows ? end : rows);
    });
}

}  // namespace octavo::cpu
