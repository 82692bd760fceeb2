// Work captured from a stream, to be launched again as a whole.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

namespace octavo::cuda {

/** A CUDA graph, ready to launch. Between `begin_capture` and `end_capture` what is enqueued on the stream is recorded, not run. */
class Graph {
public:
    /** Ends the capture on `stream`. @throws INTERNAL when something in it cannot be captured, OUT_OF_MEMORY */
    explicit Graph(cudaStream_t stream);
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;
    ~Graph();

    void launch(cudaStream_t stream);
    /** Device memory that the driver took for it; what a neighbour takes or frees in the same moment counts, too. */
    size_t bytes() const { return bytes_; }

    static void begin_capture(cudaStream_t stream);
    /** Ends a capture of which nothing is wanted. */
    static void abort_capture(cudaStream_t stream);

private:
    Graph() = default;

    cudaGraphExec_t executable_ = nullptr;
    size_t bytes_ = 0;
};

}  // namespace octavo::cuda
