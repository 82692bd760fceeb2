// Matrix products by cuBLASLt, opened at run time: it does not come with the driver, so everything works without it. Declared
// here by hand (its ABI is the same in the majors 11 to 13), so that building needs no header of it either.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>

namespace octavo::cuda {

/** out[rows, outputs] = x[rows, inputs] * weight[outputs, inputs]^T + bias[outputs]; x and weight have one dtype. */
struct MatrixProduct {
    void* out;
    int64_t out_stride;
    int32_t out_dtype;
    const void* x;
    int64_t x_stride;
    const void* weight;
    const void* bias;  // of the out dtype, or null
    int32_t dtype;
    int64_t rows, inputs, outputs;
};

/** cuBLASLt for one stream, with the algorithms that it chose by shape. */
class CublasLt {
public:
    /** Whether the library can be opened; needs no GPU. @param found what was found, or why not, for people */
    static bool find(std::string& found);
    /** @returns null where the library cannot be opened; @throws OUT_OF_MEMORY; @param found what was found, or why not, for people */
    static std::unique_ptr<CublasLt> open(std::string& found);
    CublasLt(const CublasLt&) = delete;
    CublasLt& operator=(const CublasLt&) = delete;
    ~CublasLt();

    /** Enqueues a product. Addresses must be multiples of 16. @returns false when the library has nothing for this shape */
    bool multiply(cudaStream_t stream, const MatrixProduct& product);

    /** GPU memory that it holds. */
    size_t device_bytes() const;

private:
    struct Library;
    struct Plan;
    using Shape = std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, int32_t, int32_t, bool>;

    explicit CublasLt(const Library& library);
    std::unique_ptr<Plan> plan(const MatrixProduct& product) const;

    const Library& library_;
    void* handle_ = nullptr;
    void* workspace_ = nullptr;
    std::map<Shape, std::unique_ptr<Plan>> plans_;
};

}  // namespace octavo::cuda
