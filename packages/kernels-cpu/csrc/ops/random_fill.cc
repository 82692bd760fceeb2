// Random fills: packages/core/src/random-fill.ts has the formula. -ffp-contract=off keeps its two roundings.
#include "octavo/step_plan.h"
#include "ops/ops.h"

namespace octavo::cpu {
namespace {

/** The four random words of a group of four elements (philox.ts). */
void draw(uint32_t words[4], uint64_t group, uint32_t seed) {
    uint32_t c0 = static_cast<uint32_t>(group), c1 = 0, c2 = static_cast<uint32_t>(group >> 32), c3 = 0;
    uint32_t k0 = seed, k1 = 0;
    for (int round = 0; round < philox::kRounds; round++) {
        const uint64_t first = uint64_t{philox::kM0} * c0, second = uint64_t{philox::kM1} * c2;
        c0 = static_cast<uint32_t>(second >> 32) ^ c1 ^ k0;
        c1 = static_cast<uint32_t>(second);
        c2 = static_cast<uint32_t>(first >> 32) ^ c3 ^ k1;
        c3 = static_cast<uint32_t>(first);
        k0 += philox::kW0;
        k1 += philox::kW1;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

}  // namespace

void fill_random(Context& context, void* out, int32_t dtype, const RandomFill& fill, int64_t count) {
    constexpr int64_t kPiece = 1024;
    const int64_t size = dtype::kSizes[dtype];
    for_rows(context, (count + kPiece - 1) / kPiece, kPiece, [&](int64_t begin, int64_t end) {
        float piece[kPiece];
        uint32_t words[4];
        for (int64_t i = begin; i < end; i++) {
            const int64_t first = i * kPiece;
            for (int64_t j = 0; j < kPiece; j += 4) {
                draw(words, static_cast<uint64_t>(first + j) / 4, fill.seed);
                for (int w = 0; w < 4; w++) {
                    const float scaled = fill.span * (static_cast<float>(words[w] >> 8) * 0x1p-24f);
                    piece[j + w] = fill.low + scaled;
                }
            }
            const int64_t elements = count - first < kPiece ? count - first : kPiece;
            context.kernels.rows.from_float[dtype](static_cast<char*>(out) + first * size, piece, elements);
        }
    });
}

}  // namespace octavo::cpu
