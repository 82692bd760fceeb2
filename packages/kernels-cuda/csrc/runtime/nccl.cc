#include "runtime/nccl.h"

#include <chrono>
#include <thread>

#include "octavo/step_plan.h"
#include "runtime/error.h"
#include "runtime/shared_library.h"

namespace octavo::cuda {
namespace {

// The values of its enumerations that are used here, by its names.
constexpr int kInvalidArgument = 4;
constexpr int kInvalidUsage = 5;
constexpr int kInProgress = 7;
constexpr int kReductions[] = {0, 2, 3};  // of Reduction
constexpr int kTypes[] = {7, 6, 9, 2, 1, 0, 4, 8};  // of the codes in namespace dtype: float32 to float64

constexpr int kMinimumVersion = 21300;  // 2.13: the first that tells its last error

/** How long a rank that leaves waits for work that may depend on ranks that are gone. */
constexpr std::chrono::seconds kPatience{30};

int type_of(int32_t code) {
    check(code >= dtype::kFloat32 && code <= dtype::kFloat64, ErrorCode::kInvalidArgument, "dtype %d has no collectives", code);
    return kTypes[code];
}

int reduction_of(Reduction reduction) { return kReductions[static_cast<int>(reduction)]; }

/** Versions before 2.9 had one digit less for the minor. */
std::string version_text(int version) {
    const int major_unit = version < 10000 ? 1000 : 10000;
    return std::to_string(version / major_unit) + "." + std::to_string(version % major_unit / 100) + "." + std::to_string(version % 100);
}

}  // namespace

/** The functions used, bound once for the process. Those that return int return 0 when they succeed. */
struct Communicator::Library {
    SharedLibrary file;
    bool usable = false;
    int (*version)(int* version);
    int (*unique_id)(NcclId* id);
    int (*init_rank)(void** communicator, int ranks, NcclId id, int rank);
    int (*destroy)(void* communicator);
    int (*abort)(void* communicator);
    int (*async_error)(void* communicator, int* error);
    const char* (*error_string)(int error);
    const char* (*last_error)(void* communicator);
    int (*all_reduce)(const void* x, void* out, size_t count, int type, int reduction, void* communicator, cudaStream_t stream);
    int (*all_gather)(const void* x, void* out, size_t count, int type, void* communicator, cudaStream_t stream);
    int (*reduce_scatter)(const void* x, void* out, size_t count, int type, int reduction, void* communicator, cudaStream_t stream);
    int (*broadcast)(const void* x, void* out, size_t count, int type, int root, void* communicator, cudaStream_t stream);
    int (*send)(const void* x, size_t count, int type, int peer, void* communicator, cudaStream_t stream);
    int (*recv)(void* out, size_t count, int type, int peer, void* communicator, cudaStream_t stream);
    int (*group_start)();
    int (*group_end)();

    static const Library& get() {
        static const Library library;
        return library;
    }

    /** @throws BACKEND_LOAD with what was found and what to do */
    static const Library& need() {
        const Library& library = get();
        check(library.usable, ErrorCode::kBackendLoad,
              "several GPUs need NCCL %s or later. Found: %s\nInstall it (libnccl2 of the system, or the wheel nvidia-nccl-cu13 with its "
              "lib folder in LD_LIBRARY_PATH), or let OCTAVO_NCCL name the file of the library.",
              version_text(kMinimumVersion).c_str(), library.file.found.c_str());
        return library;
    }

    /** For people: what a failed call says about itself. */
    std::string describe(int status) const {
        std::string text = error_string(status);
        const char* last = last_error(nullptr);
        if (last && *last) text += std::string("; NCCL's last message: ") + last;
        while (!text.empty() && text.back() == '\n') text.pop_back();
        return text;
    }

private:
    Library() {
        file.open("OCTAVO_NCCL", {"libnccl.so.2"});
        int number = 0;
        if (!file.is_open() || !file.bind(version, "ncclGetVersion") || version(&number) != 0) return;
        file.found += ", version " + version_text(number);
        if (number < kMinimumVersion) {
            file.found += ", which is too old";
            return;
        }
        usable = file.bind(unique_id, "ncclGetUniqueId") && file.bind(init_rank, "ncclCommInitRank") &&
                 file.bind(destroy, "ncclCommDestroy") && file.bind(abort, "ncclCommAbort") &&
                 file.bind(async_error, "ncclCommGetAsyncError") && file.bind(error_string, "ncclGetErrorString") &&
                 file.bind(last_error, "ncclGetLastError") && file.bind(all_reduce, "ncclAllReduce") &&
                 file.bind(all_gather, "ncclAllGather") && file.bind(reduce_scatter, "ncclReduceScatter") &&
                 file.bind(broadcast, "ncclBroadcast") && file.bind(send, "ncclSend") && file.bind(recv, "ncclRecv") &&
                 file.bind(group_start, "ncclGroupStart") && file.bind(group_end, "ncclGroupEnd");
    }
};

bool find_nccl(std::string& found) {
    const auto& library = Communicator::Library::get();
    found = library.file.found;
    return library.usable;
}

NcclId create_nccl_id() {
    const auto& library = Communicator::Library::need();
    NcclId id = {};
    const int status = library.unique_id(&id);
    check(status == 0, ErrorCode::kBackendLoad, "ncclGetUniqueId: %s", library.describe(status).c_str());
    return id;
}

Communicator::Communicator(cudaStream_t stream, int rank, int world_size, const NcclId& id) : library_(Library::need()), stream_(stream) {
    const int status = library_.init_rank(&handle_, world_size, id, rank);
    if (status == 0) return;
    const bool misused = status == kInvalidArgument || status == kInvalidUsage;
    fail(misused ? ErrorCode::kInvalidArgument : ErrorCode::kBackendLoad,
         "rank %d of %d cannot connect: ncclCommInitRank: %s (every rank needs a GPU, a number and a process of its own, and the same id; "
         "NCCL_DEBUG=INFO tells more)",
         rank, world_size, library_.describe(status).c_str());
}

Communicator::~Communicator() {
    if (!broken_ && stream_ends()) {
        library_.destroy(handle_);
    } else {
        library_.abort(handle_);
    }
}

void Communicator::all_reduce(void* out, const void* x, size_t count, int32_t dtype, Reduction reduction) {
    expect(library_.all_reduce(x, out, count, type_of(dtype), reduction_of(reduction), handle_, stream_), "ncclAllReduce");
}

void Communicator::all_gather(void* out, const void* x, size_t count, int32_t dtype) {
    expect(library_.all_gather(x, out, count, type_of(dtype), handle_, stream_), "ncclAllGather");
}

void Communicator::reduce_scatter(void* out, const void* x, size_t count, int32_t dtype, Reduction reduction) {
    expect(library_.reduce_scatter(x, out, count, type_of(dtype), reduction_of(reduction), handle_, stream_), "ncclReduceScatter");
}

void Communicator::broadcast(void* x, size_t count, int32_t dtype, int root) {
    expect(library_.broadcast(x, x, count, type_of(dtype), root, handle_, stream_), "ncclBroadcast");
}

void Communicator::send(const void* x, size_t count, int32_t dtype, int peer) {
    expect(library_.send(x, count, type_of(dtype), peer, handle_, stream_), "ncclSend");
}

void Communicator::recv(void* out, size_t count, int32_t dtype, int peer) {
    expect(library_.recv(out, count, type_of(dtype), peer, handle_, stream_), "ncclRecv");
}

void Communicator::start_group() { expect(library_.group_start(), "ncclGroupStart"); }

void Communicator::end_group() { expect(library_.group_end(), "ncclGroupEnd"); }

void Communicator::check_ranks() { expect(asynchronous_error(), "ncclCommGetAsyncError"); }

void Communicator::expect(int status, const char* call) {
    if (status == 0 || status == kInProgress) return;
    const bool misused = status == kInvalidArgument || status == kInvalidUsage;
    broken_ = broken_ || !misused;
    fail(misused ? ErrorCode::kInvalidArgument : ErrorCode::kInternal, "%s: %s", call, library_.describe(status).c_str());
}

int Communicator::asynchronous_error() const {
    int error = 0;
    const int status = library_.async_error(handle_, &error);
    return status != 0 ? status : error == kInProgress ? 0 : error;
}

/** Waits for the stream. False when a rank or the GPU failed, or patience ends: then kernels may wait for ever. */
bool Communicator::stream_ends() const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
        const cudaError_t status = cudaStreamQuery(stream_);
        if (status != cudaSuccess) cudaGetLastError();  // "not ready" counts as an error to whoever asks for the last one
        if (asynchronous_error() != 0) return false;
        if (status != cudaErrorNotReady) return status == cudaSuccess;
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
}

}  // namespace octavo::cuda
