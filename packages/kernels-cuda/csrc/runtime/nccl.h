// Collectives between GPUs by NCCL, opened at run time: one GPU needs none, and it does not come with the driver. Declared here
// by hand (its ABI is the same throughout major 2), so that building needs no header of it either.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace octavo::cuda {

/** In the order of REDUCTIONS in src/collectives.ts. */
enum class Reduction : int32_t { kSum, kMax, kMin };

/** Names a communicator that is to be; passed by value, as the library does. */
struct NcclId {
    unsigned char bytes[128];
};

/** Whether the library can be opened; needs no GPU. @param found what was found, or why not, for people */
bool find_nccl(std::string& found);

/** A new id. This process must live until all ranks are connected. @throws BACKEND_LOAD without the library */
NcclId create_nccl_id();

/**
 * One rank of a communicator, on one stream, which must outlive it. Graphs that captured its calls must go first: the library waits
 * for them. `count`: elements of one rank's tensor.
 */
class Communicator {
public:
    /**
     * Blocks until every rank is there. The stream's GPU is the thread's.
     * @throws BACKEND_LOAD, INVALID_ARGUMENT for two ranks on one GPU
     */
    Communicator(cudaStream_t stream, int rank, int world_size, const NcclId& id);
    Communicator(const Communicator&) = delete;
    Communicator& operator=(const Communicator&) = delete;
    /** Waits for what is enqueued; abandons it when a rank or the GPU failed, and after 30 s. */
    ~Communicator();

    void all_reduce(void* out, const void* x, size_t count, int32_t dtype, Reduction reduction);
    void all_gather(void* out, const void* x, size_t count, int32_t dtype);
    void reduce_scatter(void* out, const void* x, size_t count, int32_t dtype, Reduction reduction);
    void broadcast(void* x, size_t count, int32_t dtype, int root);
    void send(const void* x, size_t count, int32_t dtype, int peer);
    void recv(void* out, size_t count, int32_t dtype, int peer);
    /** Calls between these two take effect together. */
    void start_group();
    void end_group();
    /** @throws INTERNAL when the library knows that a rank or the network failed */
    void check_ranks();

private:
    struct Library;
    friend bool find_nccl(std::string& found);
    friend NcclId create_nccl_id();

    void expect(int status, const char* call);
    int asynchronous_error() const;
    bool stream_ends() const;

    const Library& library_;
    cudaStream_t stream_;
    void* handle_ = nullptr;
    bool broken_ = false;
};

}  // namespace octavo::cuda
