#include "runtime/gpu.h"

#include <cuda_runtime_api.h>

#include "ops/ops.h"
#include "runtime/error.h"

namespace octavo::cuda {
namespace {

constexpr int kMinimumMajor = 8;  // Ampere: bfloat16 and cp.async

std::string version_text(int version) { return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10); }

/** What keeps CUDA from working at all. `status`: of counting the devices. */
std::string problem_of(cudaError_t status, int driver, int runtime) {
    const std::string needed = "CUDA " + version_text(runtime);
    if (driver == 0) {
        return "no NVIDIA driver was found (libcuda.so.1); install one for " + needed +
               " (version 580 or later), or in a container pass the GPUs through (docker run --gpus all)";
    }
    if (driver / 1000 < runtime / 1000) {
        return "the NVIDIA driver serves CUDA " + version_text(driver) + ", this addon needs " + needed +
               "; install a driver of version 580 or later";
    }
    if (status == cudaErrorNoDevice) {
        return "the driver finds no GPU; check nvidia-smi and CUDA_VISIBLE_DEVICES, and in a container pass the GPUs through";
    }
    return std::string("CUDA does not start: ") + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + "); check nvidia-smi";
}

}  // namespace

const char* compiled_architectures() { return OCTAVO_CUDA_ARCHITECTURES; }

GpuReport find_gpus() {
    GpuReport report;
    cudaRuntimeGetVersion(&report.runtime);
    if (cudaDriverGetVersion(&report.driver) != cudaSuccess) report.driver = 0;
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    cudaGetLastError();
    if (status != cudaSuccess || count == 0) {
        report.problem = problem_of(status == cudaSuccess ? cudaErrorNoDevice : status, report.driver, report.runtime);
        return report;
    }
    for (int i = 0; i < count; i++) {
        cudaDeviceProp properties;
        check_cuda(cudaGetDeviceProperties(&properties, i), "cudaGetDeviceProperties");
        report.gpus.push_back({properties.name, properties.major, properties.minor, properties.multiProcessorCount,
                               properties.totalGlobalMem, static_cast<size_t>(properties.l2CacheSize)});
    }
    return report;
}

void open_gpu(int ordinal) {
    const GpuReport report = find_gpus();
    check(report.problem.empty(), ErrorCode::kBackendLoad, "the CUDA backend cannot be used: %s", report.problem.c_str());
    const int count = static_cast<int>(report.gpus.size());
    check(ordinal >= 0 && ordinal < count, ErrorCode::kInvalidArgument, "GPU %d was asked for, there %s %d (numbered from 0)", ordinal,
          count == 1 ? "is" : "are", count);
    const Gpu& gpu = report.gpus[static_cast<size_t>(ordinal)];
    check(gpu.major >= kMinimumMajor, ErrorCode::kBackendLoad,
          "GPU %d (%s) has compute capability %d.%d; the CUDA backend needs %d.0 or later (Ampere and newer)", ordinal, gpu.name.c_str(),
          gpu.major, gpu.minor, kMinimumMajor);
    check_cuda(cudaSetDevice(ordinal), "cudaSetDevice");
    check(has_kernels(), ErrorCode::kBackendLoad,
          "this addon has kernels for architectures %s, GPU %d (%s) is %d%d; build it again with OCTAVO_CUDA_ARCHITECTURES=%d%d",
          compiled_architectures(), ordinal, gpu.name.c_str(), gpu.major, gpu.minor, gpu.major, gpu.minor);
}

}  // namespace octavo::cuda
