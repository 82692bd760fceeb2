// Threads that share the chunks of one job. The calling thread works too. Chunks are claimed one by one from a counter, so
// that a thread which the system took off its core holds up one chunk, not its share of the job. Idle threads spin for the
// length of a gap between two ops, then sleep.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

#include "runtime/memory.h"

namespace octavo::cpu {

class ThreadPool {
public:
    /** @param threads including the caller @param spin whether every thread has a core to spin on @throws OUT_OF_MEMORY */
    ThreadPool(int threads, bool spin);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const { return static_cast<int>(workers_.size()) + 1; }

    /**
     * Calls `work(chunk, thread)` once for every chunk in [0, chunks) and returns when all are done. One job at a time.
     * With `parallel` false everything runs here: for jobs too small to share. `work` must not throw.
     */
    template <typename Work>
    void run(int64_t chunks, bool parallel, Work&& work) {
        if (!parallel || chunks <= 1 || workers_.empty()) {
            for (int64_t chunk = 0; chunk < chunks; chunk++) work(chunk, 0);
            return;
        }
        using Callable = std::remove_reference_t<Work>;
        share(chunks, [](void* context, int64_t chunk, int thread) { (*static_cast<Callable*>(context))(chunk, thread); }, &work);
    }

    /** Memory of one thread, at least `floats` long, undefined contents; valid until that thread asks again. */
    float* scratch(int thread, int64_t floats);

private:
    using Function = void (*)(void* context, int64_t chunk, int thread);

    void stop();
    void share(int64_t chunks, Function function, const void* context);
    void work_on_job(int thread);
    void worker_loop(int thread);
    void wait_for_job(uint32_t seen);

    // The job. Written while it is closed and no worker is inside; read by workers that entered while it was open.
    Function function_ = nullptr;
    void* context_ = nullptr;
    int64_t chunks_ = 0;
    alignas(64) std::atomic<int64_t> next_chunk_{0};
    alignas(64) std::atomic<bool> open_{false};
    std::atomic<int> inside_{0};
    alignas(64) std::atomic<uint32_t> sequence_{0};
    std::atomic<int> sleepers_{0};
    std::atomic<bool> stopping_{false};
    bool spin_;
    std::vector<Memory> scratch_;
    std::vector<std::thread> workers_;
};

}  // namespace octavo::cpu
