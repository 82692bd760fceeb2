// Host memory to the GPU at the speed of the bus. One thread copies less than half of what PCIe 5 takes, so several share a
// large tensor, each with page-locked buffers of its own; all enqueue on the one stream, which keeps the order.
#pragma once

#include <cuda_runtime_api.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "runtime/error.h"

namespace octavo::cuda {

class Stream;

/** Uploads for one stream. All calls come from one thread; the threads that help exist from the first large upload to `release`. */
class Uploader {
public:
    /** OCTAVO_LOAD_THREADS, else at most 8, one a core. @throws INVALID_ARGUMENT for a variable that is no such number */
    explicit Uploader(Stream& stream);
    Uploader(const Uploader&) = delete;
    Uploader& operator=(const Uploader&) = delete;
    ~Uploader();

    /**
     * Writes `count` elements of host memory, at any alignment, to the GPU as another dtype. The source was read when this
     * returns, or throws; the copies are in the stream.
     */
    void upload(void* to, int32_t to_dtype, const void* from, int32_t from_dtype, int64_t count);

    /** Waits for the stream, ends the threads and frees all buffers; the next upload makes them again. */
    void release();

    /** GPU memory that the buffers take. */
    size_t device_bytes() const { return device_bytes_; }

private:
    static constexpr size_t kLaneBytes = size_t{4} << 20, kSmallestPiece = size_t{512} << 10, kLarge = size_t{1} << 20;

    /** Page-locked memory that a piece passes through. */
    struct Lane {
        void* host = nullptr;
        void* device = nullptr;  // where elements wait for their conversion
        cudaEvent_t copied = nullptr;
    };
    /** What one thread has: one lane is filled while the other is copied from. */
    struct Lanes {
        Lane lanes[2];
        int next = 0;
    };
    /** One tensor, cut into pieces that the threads take in turn. */
    struct Job {
        char* to = nullptr;
        int32_t to_dtype = 0;
        const char* from = nullptr;
        int32_t from_dtype = 0;
        int64_t count = 0, piece = 0;  // in elements
        std::atomic<int64_t> next{0};
    };

    void start_threads();
    void stop_threads();
    /** A thread's life. @param seen jobs that began before it was made */
    void work(Lanes& lanes, uint64_t seen);
    /** Copies pieces of the job until there are none left. */
    void copy_pieces(Lanes& lanes);
    void copy_piece(Lanes& lanes, int64_t first, int64_t elements);
    void free_lanes(Lanes& lanes);

    Stream& stream_;
    unsigned wanted_threads_;
    std::atomic<size_t> device_bytes_{0};
    Job job_;
    Lanes own_;  // the caller's
    std::vector<Lanes> others_;
    std::vector<std::thread> threads_;

    // Below: guarded by the mutex.
    std::mutex mutex_;
    std::condition_variable begin_, done_;
    uint64_t jobs_ = 0;      // begun so far
    unsigned working_ = 0;   // threads that have not finished the current one
    bool ending_ = false;
    std::optional<Error> failure_;
};

}  // namespace octavo::cuda
