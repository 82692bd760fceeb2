// Kernels of linear layers in block formats for CPUs with AVX-512 F, BW, DQ, VL and VNNI.
#include "kernels/panels_linear.h"

#include "kernels/tables.h"

namespace octavo::cpu {
PanelKernels avx512_panels() { return panel_kernels(); }
}  // namespace octavo::cpu
