// Kernels of linear layers in block formats for CPUs with AVX2, FMA and F16C.
#include "kernels/panels_linear.h"

#include "kernels/tables.h"

namespace octavo::cpu {
PanelKernels avx2_panels() { return panel_kernels(); }
}  // namespace octavo::cpu
