// Repacks weights in block formats when a layer is prepared or updated.
#include "ops/ops.h"

namespace octavo::cpu {

void pack_linear(Context& context, int format, void* out, const void* blocks, int64_t rows, int64_t k) {
    const int64_t panels = panels_of(rows);
    context.pool.run(panels, panels > 1, [&](int64_t panel, int) { pack_panel(kPanelFormats[format], out, blocks, panel, rows, k); });
}

}  // namespace octavo::cpu
