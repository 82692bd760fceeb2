// Reading the rows of a step plan.
#pragma once

#include <cstdint>

namespace octavo::cuda::kernels {

/** The last entry of the ascending `starts[0..count)` that is at most `token`. */
__device__ inline int64_t entry_of(const int32_t* starts, int64_t count, int64_t token) {
    int64_t low = 0, high = count - 1;
    while (low < high) {
        const int64_t middle = (low + high + 1) / 2;
        if (starts[middle] <= token) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

}  // namespace octavo::cuda::kernels
