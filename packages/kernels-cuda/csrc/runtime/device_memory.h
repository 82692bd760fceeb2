// GPU memory straight from the driver, counted for the whole process: several backends, in several threads, may share a GPU.
#pragma once

#include <cstddef>

namespace octavo::cuda {

/** Memory on the calling thread's GPU. @throws OUT_OF_MEMORY with what is left */
void* take_device_memory(size_t bytes);
void give_back_device_memory(void* data, size_t bytes);
/** What this process has taken of GPU `ordinal` and not given back. */
size_t device_memory_taken(int ordinal);

}  // namespace octavo::cuda
