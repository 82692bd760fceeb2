#include "runtime/gpu_processes.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <cstdio>

namespace octavo::cuda {
namespace {

// NVML's ABI as its documentation of version 3 of this call gives it. Declared by hand: it comes with the driver, not the toolkit.
struct ProcessInfo {
    unsigned id;
    unsigned long long bytes;
    unsigned gpu_instance, compute_instance;
};
constexpr unsigned long long kUnknownBytes = ~0ull;
constexpr unsigned kMostProcesses = 128;

/** The library for the time of one question. */
class Nvml {
public:
    Nvml() {
        library_ = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
        if (!library_) return;
        const auto start = symbol<int (*)()>("nvmlInit_v2");
        started_ = start && start() == 0;
    }
    ~Nvml() {
        if (started_) symbol<int (*)()>("nvmlShutdown")();
        if (library_) dlclose(library_);
    }
    Nvml(const Nvml&) = delete;
    Nvml& operator=(const Nvml&) = delete;

    std::vector<GpuProcess> processes(const char* pci_bus_id) const {
        std::vector<GpuProcess> result;
        if (!started_) return result;
        const auto find = symbol<int (*)(const char*, void**)>("nvmlDeviceGetHandleByPciBusId_v2");
        const auto list = symbol<int (*)(void*, unsigned*, ProcessInfo*)>("nvmlDeviceGetComputeRunningProcesses_v3");
        const auto name = symbol<int (*)(unsigned, char*, unsigned)>("nvmlSystemGetProcessName");
        void* device = nullptr;
        ProcessInfo infos[kMostProcesses] = {};
        unsigned count = kMostProcesses;
        if (!find || !list || find(pci_bus_id, &device) != 0 || list(device, &count, infos) != 0) return result;
        for (unsigned i = 0; i < count; i++) {
            char text[256] = "";
            if (name && name(infos[i].id, text, sizeof text) != 0) text[0] = '\0';
            result.push_back({infos[i].id, text, infos[i].bytes == kUnknownBytes ? 0 : infos[i].bytes});
        }
        return result;
    }

private:
    template <typename Function>
    Function symbol(const char* name) const {
        return reinterpret_cast<Function>(dlsym(library_, name));
    }

    void* library_ = nullptr;
    bool started_ = false;
};

}  // namespace

std::vector<GpuProcess> gpu_processes(int ordinal) {
    char pci_bus_id[32] = "";
    if (cudaDeviceGetPCIBusId(pci_bus_id, sizeof pci_bus_id, ordinal) != cudaSuccess) {
        cudaGetLastError();
        return {};
    }
    return Nvml().processes(pci_bus_id);
}

}  // namespace octavo::cuda
