// What measurements enqueue beside the ops of ops.h.
#pragma once

#include <cstdint>

#include "runtime/stream.h"

namespace octavo::cuda {

/** Reads `bytes` of GPU memory once and adds its 32-bit words, modulo 2^32, to `*sum`. Address and size: multiples of 16. */
void read_probe(Stream& stream, uint32_t* sum, const void* data, int64_t bytes);

/** Keeps the stream busy for so long, so that what is enqueued meanwhile then runs without gaps. At most a second. */
void delay(Stream& stream, int64_t microseconds);

}  // namespace octavo::cuda
