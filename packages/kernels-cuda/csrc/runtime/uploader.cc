#include "runtime/uploader.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "octavo/step_plan.h"
#include "ops/ops.h"
#include "runtime/device_memory.h"
#include "runtime/stream.h"

namespace octavo::cuda {
namespace {

constexpr unsigned kMostThreads = 64, kDefaultThreads = 8;

unsigned thread_count() {
    const char* text = std::getenv("OCTAVO_LOAD_THREADS");
    if (!text || !*text) return std::clamp(std::thread::hardware_concurrency(), 1u, kDefaultThreads);
    char* end = nullptr;
    const long number = std::strtol(text, &end, 10);
    check(*end == '\0' && number >= 1 && number <= long{kMostThreads}, ErrorCode::kInvalidArgument,
          "OCTAVO_LOAD_THREADS is \"%s\"; a number from 1 to %u was expected", text, kMostThreads);
    return static_cast<unsigned>(number);
}

size_t size_of(int32_t dtype) { return static_cast<size_t>(dtype::kSizes[dtype]); }

}  // namespace

Uploader::Uploader(Stream& stream) : stream_(stream), wanted_threads_(thread_count()) {}

Uploader::~Uploader() {
    stop_threads();
    cudaSetDevice(stream_.ordinal());
    cudaStreamSynchronize(stream_.handle());
    free_lanes(own_);
    for (Lanes& lanes : others_) free_lanes(lanes);
}

void Uploader::upload(void* to, int32_t to_dtype, const void* from, int32_t from_dtype, int64_t count) {
    const size_t bytes = static_cast<size_t>(count) * size_of(from_dtype);
    const bool shared = bytes >= kLarge && wanted_threads_ > 1;
    // A tensor of a few MiB is cut finer, so that every thread gets some of it.
    const size_t piece_bytes = shared ? std::clamp(bytes / wanted_threads_, kSmallestPiece, kLaneBytes) : kLaneBytes;
    job_.to = static_cast<char*>(to);
    job_.to_dtype = to_dtype;
    job_.from = static_cast<const char*>(from);
    job_.from_dtype = from_dtype;
    job_.count = count;
    // Whole packs, so that where pieces begin on the GPU stays aligned.
    job_.piece = static_cast<int64_t>(piece_bytes / size_of(from_dtype)) / 16 * 16;
    job_.next = 0;
    if (shared) start_threads();
    if (!shared || threads_.empty()) return copy_pieces(own_);

    std::unique_lock lock(mutex_);
    failure_.reset();
    jobs_++;
    working_ = static_cast<unsigned>(threads_.size());
    begin_.notify_all();
    done_.wait(lock, [&] { return working_ == 0; });
    if (failure_) throw Error(*failure_);
}

void Uploader::release() {
    stop_threads();
    check_cuda(cudaStreamSynchronize(stream_.handle()), "cudaStreamSynchronize");
    free_lanes(own_);
    for (Lanes& lanes : others_) free_lanes(lanes);
    others_.clear();
}

void Uploader::start_threads() {
    if (!threads_.empty()) return;
    others_.resize(wanted_threads_);  // never grows while threads run: they hold references
    try {
        for (Lanes& lanes : others_) threads_.emplace_back([this, &lanes, begun = jobs_] { work(lanes, begun); });
    } catch (const std::system_error&) {
        // A system that gives fewer threads, or none, still loads.
    }
}

void Uploader::stop_threads() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    begin_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    ending_ = false;
}

void Uploader::work(Lanes& lanes, uint64_t seen) {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            begin_.wait(lock, [&] { return ending_ || jobs_ != seen; });
            if (ending_) return;
            seen = jobs_;
        }
        std::optional<Error> failure;
        try {
            stream_.activate();
            copy_pieces(lanes);
        } catch (const Error& error) {
            failure = error;
        } catch (const std::exception& error) {
            failure = Error{ErrorCode::kInternal, error.what()};
        }
        const std::lock_guard lock(mutex_);
        if (failure) {
            failure_ = failure;
            job_.next = job_.count;  // the others need not go on
        }
        if (--working_ == 0) done_.notify_one();
    }
}

void Uploader::copy_pieces(Lanes& lanes) {
    for (;;) {
        const int64_t first = job_.next.fetch_add(job_.piece);
        if (first >= job_.count) return;
        copy_piece(lanes, first, std::min(job_.piece, job_.count - first));
    }
}

void Uploader::copy_piece(Lanes& lanes, int64_t first, int64_t elements) {
    Lane& lane = lanes.lanes[lanes.next];
    lanes.next ^= 1;
    if (!lane.host) check_cuda(cudaHostAlloc(&lane.host, kLaneBytes, cudaHostAllocDefault), "cudaHostAlloc");
    if (!lane.copied) {
        // Waiting threads sleep: where cores are few, others copy meanwhile.
        check_cuda(cudaEventCreateWithFlags(&lane.copied, cudaEventDisableTiming | cudaEventBlockingSync), "cudaEventCreateWithFlags");
    }
    const bool converted = job_.to_dtype != job_.from_dtype;
    if (converted && !lane.device) {
        lane.device = take_device_memory(kLaneBytes);
        device_bytes_ += kLaneBytes;
    }
    check_cuda(cudaEventSynchronize(lane.copied), "cudaEventSynchronize");
    const size_t from_size = size_of(job_.from_dtype), bytes = static_cast<size_t>(elements) * from_size;
    memcpy(lane.host, job_.from + static_cast<size_t>(first) * from_size, bytes);
    char* target = job_.to + static_cast<size_t>(first) * size_of(job_.to_dtype);
    void* landing = converted ? lane.device : target;
    check_cuda(cudaMemcpyAsync(landing, lane.host, bytes, cudaMemcpyHostToDevice, stream_.handle()), "cudaMemcpyAsync");
    check_cuda(cudaEventRecord(lane.copied, stream_.handle()), "cudaEventRecord");
    // The next piece through this lane lands after the conversion: they are on one stream.
    if (converted) convert(stream_, target, job_.to_dtype, landing, job_.from_dtype, elements);
}

// The stream is done with the buffers.
void Uploader::free_lanes(Lanes& lanes) {
    for (Lane& lane : lanes.lanes) {
        if (lane.copied) cudaEventDestroy(lane.copied);
        if (lane.host) cudaFreeHost(lane.host);
        if (lane.device) {
            give_back_device_memory(lane.device, kLaneBytes);
            device_bytes_ -= kLaneBytes;
        }
        lane = {};
    }
}

}  // namespace octavo::cuda
