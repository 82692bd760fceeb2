// The addon's entry: exports only. State belongs to the environment that loads it, so that worker threads may each have one.
#include "binding/call.h"
#include "octavo/step_plan.h"

namespace octavo::cpu {
namespace {

/** Raised when a function of the addon changes; src/native.ts has the same number. */
constexpr int32_t kAddonVersion = 3;

/** setErrorFactory((code, message) => Error) */
napi_value set_error_factory(Call& call) {
    napi_ref& factory = call.environment().create_error;
    if (factory) napi_delete_reference(call.env(), factory);
    factory = nullptr;
    napi_create_reference(call.env(), call.value(), 1, &factory);
    return nullptr;
}

void add_function(napi_env env, napi_value exports, const char* name, napi_callback callback, Environment* environment) {
    napi_value function;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, environment, &function);
    napi_set_named_property(env, exports, name, function);
}

void add_number(napi_env env, napi_value exports, const char* name, int32_t number) {
    napi_value value;
    napi_create_int32(env, number, &value);
    napi_set_named_property(env, exports, name, value);
}

}  // namespace
}  // namespace octavo::cpu

NAPI_MODULE_INIT() {
    using namespace octavo::cpu;
    auto* environment = new Environment;
    // Joins the threads and frees the memory of backends that nobody disposed before the environment ends.
    napi_set_instance_data(env, environment, [](napi_env, void* data, void*) { delete static_cast<Environment*>(data); }, nullptr);
    add_number(env, exports, "addonVersion", kAddonVersion);
    add_number(env, exports, "planVersion", octavo::kPlanVersion);
    add_function(env, exports, "setErrorFactory", entry<set_error_factory>, environment);
    export_memory(env, exports, environment, add_function);
    export_ops(env, exports, environment, add_function);
    return exports;
}
