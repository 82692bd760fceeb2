#include "runtime/graph.h"

#include <memory>

#include "runtime/error.h"

namespace octavo::cuda {
namespace {

size_t free_bytes() {
    size_t free = 0, total = 0;
    check_cuda(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    return free;
}

}  // namespace

// Thread local: other threads of the process (another engine, PyTorch in a worker) may allocate meanwhile.
void Graph::begin_capture(cudaStream_t stream) {
    check_cuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
}

void Graph::abort_capture(cudaStream_t stream) {
    cudaGraph_t captured = nullptr;
    cudaStreamEndCapture(stream, &captured);
    if (captured) cudaGraphDestroy(captured);
    cudaGetLastError();
}

// Delegates, so that the destructor frees what was made before something fails.
Graph::Graph(cudaStream_t stream) : Graph() {
    cudaGraph_t captured = nullptr;
    check_cuda(cudaStreamEndCapture(stream, &captured), "cudaStreamEndCapture");
    const std::unique_ptr<CUgraph_st, decltype(&cudaGraphDestroy)> kept(captured, cudaGraphDestroy);
    const size_t before = free_bytes();
    check_cuda(cudaGraphInstantiate(&executable_, captured, 0), "cudaGraphInstantiate");
    // Now rather than at the first launch, so that its memory is known and its lack is an error here.
    check_cuda(cudaGraphUpload(executable_, stream), "cudaGraphUpload");
    const size_t after = free_bytes();
    bytes_ = before > after ? before - after : 0;
}

Graph::~Graph() {
    if (executable_) cudaGraphExecDestroy(executable_);
}

void Graph::launch(cudaStream_t stream) { check_cuda(cudaGraphLaunch(executable_, stream), "cudaGraphLaunch"); }

}  // namespace octavo::cuda
