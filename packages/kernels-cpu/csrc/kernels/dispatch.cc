// Chooses the kernels for this CPU, once per backend. This file is compiled for the generic instruction set.
#include <cstring>
#include <string>

#include "kernels/kernels.h"
#include "kernels/tables.h"
#include "runtime/error.h"

#if defined(OCTAVO_X86)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace octavo::cpu {
namespace {

struct InstructionSet {
    const char* name;
    bool (*available)();
    const char* needs;
    const Kernels& (*kernels)(const char* name);
};

/** Called only where the set is available: the families' functions are compiled for it. */
template <auto Linear, auto Panels, auto Experts, auto Attention, auto Rows, auto Activations, auto Sampling>
const Kernels& kernels_of(const char* name) {
    static const Kernels kernels = {name, Linear(), Panels(), Experts(), Attention(), Rows(), Activations(), Sampling()};
    return kernels;
}

#if defined(OCTAVO_X86)
bool has_avx2() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

/** The CPUs that have AVX-512 without its integer dot products are served by AVX2. */
bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

bool has_avx512bf16() { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }

/** CPUID's word, because older compilers have no names for these. */
bool has_bfloat16_tiles() {
    constexpr unsigned kAmxBf16 = 1u << 22, kAmxTile = 1u << 24;
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx & kAmxBf16) && (edx & kAmxTile);
}

/** Asks Linux (5.16 or later) to let the threads of this process use tiles, which it grants for good. */
bool tiles_permitted() {
    constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr int kTileData = 18;
    static const bool permitted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
    return permitted;
}

bool has_amx() { return has_avx512bf16() && has_bfloat16_tiles() && tiles_permitted(); }
#endif

/** Those of this build, the best one first. */
constexpr InstructionSet kInstructionSets[] = {
#if defined(OCTAVO_X86)
    {"amx", has_amx, "AMX-TILE, AMX-BF16, AVX-512 BF16 or Linux's permission to use tiles",
     kernels_of<amx_linear, avx512_panels, avx512_experts, avx512_attention, avx512_rows, avx512_activations, avx2_sampling>},
    {"avx512bf16", has_avx512bf16, "AVX-512 BF16", kernels_of<avx512bf16_linear, avx512_panels, avx512_experts, avx512_attention, avx512_rows, avx512_activations, avx2_sampling>},
    {"avx512", has_avx512, "AVX-512 F, BW, DQ, VL or VNNI",
     kernels_of<avx512_linear, avx512_panels, avx512_experts, avx512_attention, avx512_rows, avx512_activations, avx2_sampling>},
    {"avx2", has_avx2, "AVX2, FMA or F16C", kernels_of<avx2_linear, avx2_panels, avx2_experts, avx2_attention, avx2_rows, avx2_activations, avx2_sampling>},
#endif
    {"generic", [] { return true; }, "", kernels_of<generic_linear, generic_panels, generic_experts, generic_attention, generic_rows, generic_activations, generic_sampling>},
};

}  // namespace

const Kernels& select_kernels(const char* isa) {
    std::string names;
    for (const InstructionSet& set : kInstructionSets) {
        names += names.empty() ? set.name : std::string(", ") + set.name;
        const bool asked = strcmp(isa, set.name) == 0;
        if (!asked && isa[0] != '\0') continue;
        if (set.available()) return set.kernels(set.name);
        check(!asked, ErrorCode::kInvalidArgument, "the instruction set %s was asked for, but this CPU lacks %s; leave it out for the best one",
              isa, set.needs);
    }
    fail(ErrorCode::kInvalidArgument, "unknown instruction set \"%s\"; this build has %s", isa, names.c_str());
}

}  // namespace octavo::cpu
