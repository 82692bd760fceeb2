// The addon's entry: exports only. State belongs to the environment that loads it, so that worker threads may each have one.
#include "binding/call.h"

namespace octavo::cuda {
namespace {

/** Raised when a function of the addon changes; src/native.ts has the same number. */
constexpr int32_t kAddonVersion = 7;

}  // namespace
}  // namespace octavo::cuda

NAPI_MODULE_INIT() {
    using namespace octavo::cuda;
    Environment* environment = octavo::begin_addon<Call>(env, exports, kAddonVersion);
    export_device(env, exports, environment, octavo::add_function);
    export_graphs(env, exports, environment, octavo::add_function);
    export_memory(env, exports, environment, octavo::add_function);
    export_nccl(env, exports, environment, octavo::add_function);
    export_timing(env, exports, environment, octavo::add_function);
    export_ops(env, exports, environment, octavo::add_function);
    return exports;
}
