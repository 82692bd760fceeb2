// Kernels of linear layers in block formats for any CPU.
#include "kernels/panels_linear.h"

#include "kernels/tables.h"

namespace octavo::cpu {
PanelKernels generic_panels() { return panel_kernels(); }
}  // namespace octavo::cpu
