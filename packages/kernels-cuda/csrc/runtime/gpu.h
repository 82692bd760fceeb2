// Which GPUs, driver and architectures there are, found without assuming that there are any.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace octavo::cuda {

struct Gpu {
    std::string name;
    int major, minor;  // compute capability
    int multiprocessors;
    size_t total_bytes, l2_bytes;
};

struct GpuReport {
    /** CUDA versions as major * 1000 + minor * 10; driver 0: none. */
    int runtime = 0, driver = 0;
    std::vector<Gpu> gpus;
    /** Why no GPU can be used, with what to do; empty when one can. */
    std::string problem;
};

GpuReport find_gpus();

/** "80 90a": what the kernels were compiled for. */
const char* compiled_architectures();

/** Makes `ordinal` the calling thread's device. @throws BACKEND_LOAD with the fix when it cannot run our kernels */
void open_gpu(int ordinal);

}  // namespace octavo::cuda
