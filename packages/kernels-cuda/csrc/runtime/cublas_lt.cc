#include "runtime/cublas_lt.h"

#include <library_types.h>

#include "octavo/step_plan.h"
#include "runtime/device_memory.h"
#include "runtime/error.h"
#include "runtime/shared_library.h"

namespace octavo::cuda {
namespace {

// The values of its enumerations that are used here, by its names.
constexpr int kCompute32F = 68;
constexpr int kOperationTranspose = 1;
constexpr int kDescriptionTransposeA = 3, kDescriptionEpilogue = 7, kDescriptionBias = 8;
constexpr int kEpilogueBias = 4;
constexpr int kPreferenceMaxWorkspace = 1;
constexpr int kPreferenceAlignments[] = {5, 6, 7, 8};  // of A, B, C, D
constexpr uint32_t kAlignment = 16;
constexpr size_t kWorkspaceBytes = size_t{32} << 20;

struct Algorithm {
    uint64_t data[8];
};
struct HeuristicResult {
    Algorithm algorithm;
    size_t workspace_bytes;
    int state;
    float waves;
    int reserved[4];
};

cudaDataType type_of(int32_t code) {
    return code == dtype::kFloat32 ? CUDA_R_32F : code == dtype::kFloat16 ? CUDA_R_16F : CUDA_R_16BF;
}

}  // namespace

/** The functions used, bound once for the process. All return 0 when they succeed. */
struct CublasLt::Library {
    SharedLibrary file;
    bool complete = false;
    int (*create)(void** handle);
    int (*destroy)(void* handle);
    size_t (*version)();
    int (*description_create)(void** description, int compute_type, int scale_type);
    int (*description_destroy)(void* description);
    int (*description_set)(void* description, int attribute, const void* value, size_t bytes);
    int (*layout_create)(void** layout, int type, uint64_t rows, uint64_t columns, int64_t stride);
    int (*layout_destroy)(void* layout);
    int (*preference_create)(void** preference);
    int (*preference_destroy)(void* preference);
    int (*preference_set)(void* preference, int attribute, const void* value, size_t bytes);
    int (*heuristic)(void* handle, void* description, void* a, void* b, void* c, void* d, void* preference, int wanted,
                     HeuristicResult* results, int* found);
    int (*matmul)(void* handle, void* description, const void* alpha, const void* a, void* a_layout, const void* b, void* b_layout,
                  const void* beta, const void* c, void* c_layout, void* d, void* d_layout, const Algorithm* algorithm, void* workspace,
                  size_t workspace_bytes, cudaStream_t stream);

    static const Library& get() {
        static const Library library;
        return library;
    }

private:
    Library() {
        file.open("OCTAVO_CUBLASLT", {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"});
        complete = file.is_open() && file.bind(create, "cublasLtCreate") && file.bind(destroy, "cublasLtDestroy") &&
                   file.bind(version, "cublasLtGetVersion") && file.bind(description_create, "cublasLtMatmulDescCreate") &&
                   file.bind(description_destroy, "cublasLtMatmulDescDestroy") &&
                   file.bind(description_set, "cublasLtMatmulDescSetAttribute") && file.bind(layout_create, "cublasLtMatrixLayoutCreate") &&
                   file.bind(layout_destroy, "cublasLtMatrixLayoutDestroy") &&
                   file.bind(preference_create, "cublasLtMatmulPreferenceCreate") &&
                   file.bind(preference_destroy, "cublasLtMatmulPreferenceDestroy") &&
                   file.bind(preference_set, "cublasLtMatmulPreferenceSetAttribute") &&
                   file.bind(heuristic, "cublasLtMatmulAlgoGetHeuristic") && file.bind(matmul, "cublasLtMatmul");
        if (complete) file.found += ", version " + std::to_string(version());
    }
};

/** How one shape is multiplied; without an algorithm: not by this library. */
struct CublasLt::Plan {
    explicit Plan(const Library& used) : library(used) {}
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;
    ~Plan() {
        if (description) library.description_destroy(description);
        for (void* layout : {weight, x, out}) {
            if (layout) library.layout_destroy(layout);
        }
    }

    const Library& library;
    void *description = nullptr, *weight = nullptr, *x = nullptr, *out = nullptr;
    Algorithm algorithm = {};
    bool usable = false;
};

bool CublasLt::find(std::string& found) {
    const Library& library = Library::get();
    found = library.file.found;
    return library.complete;
}

std::unique_ptr<CublasLt> CublasLt::open(std::string& found) {
    const Library& library = Library::get();
    found = library.file.found;
    if (!library.complete) return nullptr;
    std::unique_ptr<CublasLt> opened(new CublasLt(library));
    if (library.create(&opened->handle_) != 0) {
        opened->handle_ = nullptr;
        found += ", which does not start";
        return nullptr;
    }
    opened->workspace_ = take_device_memory(kWorkspaceBytes);
    return opened;
}

CublasLt::CublasLt(const Library& library) : library_(library) {}

CublasLt::~CublasLt() {
    plans_.clear();
    if (handle_) library_.destroy(handle_);
    give_back_device_memory(workspace_, kWorkspaceBytes);
}

size_t CublasLt::device_bytes() const { return workspace_ ? kWorkspaceBytes : 0; }

bool CublasLt::multiply(cudaStream_t stream, const MatrixProduct& p) {
    auto& plan_here = plans_[Shape{p.rows, p.inputs, p.outputs, p.x_stride, p.out_stride, p.dtype, p.out_dtype, p.bias != nullptr}];
    if (!plan_here) plan_here = plan(p);
    const Plan& chosen = *plan_here;
    if (!chosen.usable) return false;
    if (p.bias) library_.description_set(chosen.description, kDescriptionBias, &p.bias, sizeof p.bias);
    const float alpha = 1, beta = 0;
    const int status = library_.matmul(handle_, chosen.description, &alpha, p.weight, chosen.weight, p.x, chosen.x, &beta, p.out, chosen.out,
                                       p.out, chosen.out, &chosen.algorithm, workspace_, kWorkspaceBytes, stream);
    check(status == 0, ErrorCode::kInternal, "cublasLtMatmul [%lld,%lld] to %lld: status %d (OCTAVO_CUDA_GEMM=own goes without it)",
          static_cast<long long>(p.rows), static_cast<long long>(p.inputs), static_cast<long long>(p.outputs), status);
    return true;
}

// The library thinks in columns: a row-major [rows, n] matrix is its [n, rows], so out^T = weight * x^T is what it computes.
std::unique_ptr<CublasLt::Plan> CublasLt::plan(const MatrixProduct& p) const {
    auto made = std::make_unique<Plan>(library_);
    const auto inputs = static_cast<uint64_t>(p.inputs), outputs = static_cast<uint64_t>(p.outputs), rows = static_cast<uint64_t>(p.rows);
    void* preference = nullptr;
    bool good = library_.description_create(&made->description, kCompute32F, CUDA_R_32F) == 0 &&
                library_.description_set(made->description, kDescriptionTransposeA, &kOperationTranspose, sizeof(int)) == 0 &&
                library_.layout_create(&made->weight, type_of(p.dtype), inputs, outputs, p.inputs) == 0 &&
                library_.layout_create(&made->x, type_of(p.dtype), inputs, rows, p.x_stride) == 0 &&
                library_.layout_create(&made->out, type_of(p.out_dtype), outputs, rows, p.out_stride) == 0 &&
                library_.preference_create(&preference) == 0 &&
                library_.preference_set(preference, kPreferenceMaxWorkspace, &kWorkspaceBytes, sizeof kWorkspaceBytes) == 0;
    for (const int attribute : kPreferenceAlignments) {
        good = good && library_.preference_set(preference, attribute, &kAlignment, sizeof kAlignment) == 0;
    }
    HeuristicResult result = {};
    int found = 0;
    if (p.bias) good = good && library_.description_set(made->description, kDescriptionEpilogue, &kEpilogueBias, sizeof(int)) == 0;
    good = good && library_.heuristic(handle_, made->description, made->weight, made->x, made->out, made->out, preference, 1, &result,
                                      &found) == 0;
    if (preference) library_.preference_destroy(preference);
    made->usable = good && found > 0 && result.state == 0;
    made->algorithm = result.algorithm;
    return made;
}

}  // namespace octavo::cuda
