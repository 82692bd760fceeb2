// Chooses the kernels for this CPU, once per backend. This file is compiled for the generic instruction set.
#include <cstring>

#include "kernels/kernels.h"
#include "kernels/tables.h"
#include "runtime/error.h"

namespace octavo::cpu {
namespace {

const Kernels& generic_kernels() {
    static const Kernels kernels = {"generic", generic_linear(), generic_panels(), generic_experts(), generic_attention(),
                                    generic_rows(), generic_activations(), generic_sampling()};
    return kernels;
}

#if defined(OCTAVO_X86)
const Kernels& avx2_kernels() {
    static const Kernels kernels = {"avx2", avx2_linear(), avx2_panels(), avx2_experts(), avx2_attention(),
                                    avx2_rows(), avx2_activations(), avx2_sampling()};
    return kernels;
}

bool has_avx2() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

const Kernels& avx512_kernels() {
    static const Kernels kernels = {"avx512", avx512_linear(), avx512_panels(), avx512_experts(), avx512_attention(),
                                    avx512_rows(), avx512_activations(), avx2_sampling()};
    return kernels;
}

/** The CPUs that have AVX-512 without its integer dot products are served by AVX2. */
bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}
#endif

}  // namespace

const Kernels& select_kernels(const char* isa) {
    const bool best = isa[0] == '\0';
    if (strcmp(isa, "generic") == 0) return generic_kernels();
#if defined(OCTAVO_X86)
    if (best && has_avx512()) return avx512_kernels();
    if (best) return has_avx2() ? avx2_kernels() : generic_kernels();
    if (strcmp(isa, "avx2") == 0) {
        check(has_avx2(), ErrorCode::kInvalidArgument, "the instruction set avx2 was asked for, but this CPU lacks AVX2, FMA or F16C; use generic");
        return avx2_kernels();
    }
    if (strcmp(isa, "avx512") == 0) {
        check(has_avx512(), ErrorCode::kInvalidArgument,
              "the instruction set avx512 was asked for, but this CPU lacks AVX-512 F, BW, DQ, VL or VNNI; use avx2 or generic");
        return avx512_kernels();
    }
    fail(ErrorCode::kInvalidArgument, "unknown instruction set \"%s\"; there are generic, avx2 and avx512", isa);
#else
    if (best) return generic_kernels();
    fail(ErrorCode::kInvalidArgument, "unknown instruction set \"%s\"; this build has generic only", isa);
#endif
}

}  // namespace octavo::cpu
