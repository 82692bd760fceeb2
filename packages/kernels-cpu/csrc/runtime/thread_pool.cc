#include "runtime/thread_pool.h"

#include <sched.h>

#include <chrono>
#include <system_error>

#include "runtime/error.h"

namespace octavo::cpu {
namespace {

/** Longer than the gap between two ops of a step, far shorter than the gap between two requests. */
constexpr std::chrono::microseconds kSpinTime{50};
constexpr int kSpinsBetweenClockReads = 64;

void pause_briefly() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads, bool spin) : spin_(spin), scratch_(static_cast<size_t>(threads)) {
    workers_.reserve(static_cast<size_t>(threads) - 1);
    try {
        for (int thread = 1; thread < threads; thread++) workers_.emplace_back([this, thread] { worker_loop(thread); });
    } catch (const std::system_error& error) {
        stop();
        fail(ErrorCode::kOutOfMemory, "only %d of %d threads could be started: %s", this->threads(), threads, error.what());
    }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
    stopping_ = true;
    sequence_.fetch_add(1);
    sequence_.notify_all();
    for (std::thread& worker : workers_) worker.join();
}

float* ThreadPool::scratch(int thread, int64_t floats) {
    Memory& memory = scratch_[static_cast<size_t>(thread)];
    const size_t bytes = static_cast<size_t>(floats) * sizeof(float);
    if (memory.bytes() < bytes) memory = Memory::allocate(bytes);
    return static_cast<float*>(memory.data());
}

void ThreadPool::share(int64_t chunks, Function function, const void* context) {
    function_ = function;
    context_ = const_cast<void*>(context);
    chunks_ = chunks;
    next_chunk_.store(0, std::memory_order_relaxed);
    open_.store(true);
    sequence_.fetch_add(1);
    if (sleepers_.load() > 0) sequence_.notify_all();
    work_on_job(0);
    // NOTE: closing and then reading `inside_` pairs with a worker's entering and then reading `open_`, all sequentially
    // consistent: a worker either sees the job closed or is waited for.
    open_.store(false);
    for (int spins = 0; inside_.load() != 0; spins++) {
        if (spins < 2000) {
            pause_briefly();
        } else {
            sched_yield();
        }
    }
}

void ThreadPool::work_on_job(int thread) {
    const int64_t chunks = chunks_;
    for (;;) {
        const int64_t chunk = next_chunk_.fetch_add(1, std::memory_order_relaxed);
        if (chunk >= chunks) return;
        function_(context_, chunk, thread);
    }
}

void ThreadPool::worker_loop(int thread) {
    uint32_t seen = 0;
    while (!stopping_) {
        wait_for_job(seen);
        seen = sequence_.load();
        inside_.fetch_add(1);
        if (open_.load()) work_on_job(thread);
        inside_.fetch_sub(1);
    }
}

void ThreadPool::wait_for_job(uint32_t seen) {
    if (spin_) {
        const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
        do {
            for (int i = 0; i < kSpinsBetweenClockReads; i++) {
                if (sequence_.load(std::memory_order_relaxed) != seen) return;
                pause_briefly();
            }
        } while (std::chrono::steady_clock::now() < deadline);
    }
    sleepers_.fetch_add(1);
    sequence_.wait(seen);
    sleepers_.fetch_sub(1);
}

}  // namespace octavo::cpu
