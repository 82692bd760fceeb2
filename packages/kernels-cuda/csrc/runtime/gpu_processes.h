// Which processes hold a GPU's memory, as the driver's management library (NVML) counts it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace octavo::cuda {

struct GpuProcess {
    uint32_t id;
    std::string name;  // its executable; empty where it cannot be seen
    uint64_t bytes;    // 0 where the driver does not say
};

/** The processes that compute on GPU `ordinal`; none where NVML is absent, or in a container that hides them. */
std::vector<GpuProcess> gpu_processes(int ordinal);

}  // namespace octavo::cuda
