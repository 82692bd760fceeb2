#include "runtime/gpu_processes.h"

#include <cuda_runtime_api.h>

#include "runtime/shared_library.h"

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

/** The functions used, bound once for the process. Those that return int return 0 when they succeed. */
struct Nvml {
    SharedLibrary file;
    bool usable = false;
    int (*start)();
    int (*stop)();
    int (*find)(const char* pci_bus_id, void** device);
    int (*list)(void* device, unsigned* count, ProcessInfo* processes);
    int (*name)(unsigned id, char* text, unsigned bytes);

    Nvml() {
        file.open(nullptr, {"libnvidia-ml.so.1"});
        usable = file.is_open() && file.bind(start, "nvmlInit_v2") && file.bind(stop, "nvmlShutdown") &&
                 file.bind(find, "nvmlDeviceGetHandleByPciBusId_v2") && file.bind(list, "nvmlDeviceGetComputeRunningProcesses_v3") &&
                 file.bind(name, "nvmlSystemGetProcessName");
    }
};

std::vector<GpuProcess> processes_of(const Nvml& nvml, const char* pci_bus_id) {
    std::vector<GpuProcess> result;
    void* device = nullptr;
    ProcessInfo infos[kMostProcesses] = {};
    unsigned count = kMostProcesses;
    if (nvml.find(pci_bus_id, &device) != 0 || nvml.list(device, &count, infos) != 0) return result;
    for (unsigned i = 0; i < count; i++) {
        char text[256] = "";
        if (nvml.name(infos[i].id, text, sizeof text) != 0) text[0] = '\0';
        result.push_back({infos[i].id, text, infos[i].bytes == kUnknownBytes ? 0 : infos[i].bytes});
    }
    return result;
}

}  // namespace

std::vector<GpuProcess> gpu_processes(int ordinal) {
    char pci_bus_id[32] = "";
    if (cudaDeviceGetPCIBusId(pci_bus_id, sizeof pci_bus_id, ordinal) != cudaSuccess) {
        cudaGetLastError();
        return {};
    }
    static const Nvml nvml;
    // Only for the time of the question: what it keeps up meanwhile is not ours to hold.
    if (!nvml.usable || nvml.start() != 0) return {};
    std::vector<GpuProcess> processes = processes_of(nvml, pci_bus_id);
    nvml.stop();
    return processes;
}

}  // namespace octavo::cuda
