// What launchers share: from dtype codes to types, and grids.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "octavo/step_plan.h"
#include "runtime/error.h"

namespace octavo::cuda {

/** A type as a value, for generic lambdas. */
template <typename T>
struct TypeTag {
    using Type = T;
};

/** Calls `launch(TypeTag<T>)` for the C++ type of a float dtype. */
template <typename Launch>
void with_float_type(int32_t code, Launch launch) {
    switch (code) {
        case dtype::kFloat32:
            return launch(TypeTag<float>{});
        case dtype::kFloat16:
            return launch(TypeTag<__half>{});
        case dtype::kBfloat16:
            return launch(TypeTag<__nv_bfloat16>{});
        default:
            fail(ErrorCode::kUnsupported, "the CUDA backend computes in float32, float16 and bfloat16, not in dtype code %d", code);
    }
}

inline unsigned blocks_for(int64_t count, int64_t per_block) { return static_cast<unsigned>((count + per_block - 1) / per_block); }

/** Whether all addresses and sizes are multiples of 16 bytes. */
template <typename... Numbers>
bool in_packs(Numbers... numbers) {
    return ((static_cast<uint64_t>(numbers) % 16 == 0) && ...);
}

inline uint64_t bits_of(const void* address) { return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(address)); }

}  // namespace octavo::cuda
