#include "kernels/batch.cuh"

#include "ops/launch.h"

namespace octavo::cuda {

void prepare_batch(Stream& stream, const BatchView& batch, const RecordTables& tables, const BatchOutputs& outputs) {
    const auto kernel = outputs.groups > 1 ? kernels::prepare_batch<true> : kernels::prepare_batch<false>;
    kernel<<<1, kernels::kBatchThreads, 0, stream.handle()>>>(batch, tables, outputs, stream.fault());
    check_launch("prepareBatch");
}

bool has_kernels() {
    cudaFuncAttributes attributes;
    const cudaError_t status = cudaFuncGetAttributes(&attributes, kernels::prepare_batch<false>);
    cudaGetLastError();
    if (status == cudaErrorNoKernelImageForDevice || status == cudaErrorInvalidDeviceFunction) return false;
    check_cuda(status, "cudaFuncGetAttributes");
    return true;
}

}  // namespace octavo::cuda
