// What every addon has: the state of an environment, calls to its backends, exceptions that become OctavoErrors, first exports.
// A Backend has `kName` for messages, and `linears` and `experts` by their ids.
#pragma once

#include <exception>
#include <memory>
#include <new>
#include <vector>

#include "octavo/arguments.h"
#include "octavo/step_plan.h"

namespace octavo {

/** The state of one JavaScript environment (the main thread or a worker). Its end disposes what was forgotten. */
template <typename Backend>
struct Environment {
    napi_ref create_error = nullptr;
    std::vector<std::unique_ptr<Backend>> backends;
};

/** One call from JavaScript to an addon. */
template <typename Backend>
class BackendCall : public Arguments {
public:
    using State = Environment<Backend>;
    using Arguments::Arguments;

    State& environment() const { return *static_cast<State*>(data()); }

    /** @throws DISPOSED */
    Backend& backend() {
        const int64_t id = integer();
        const auto& backends = environment().backends;
        const bool known = id >= 0 && id < static_cast<int64_t>(backends.size()) && backends[static_cast<size_t>(id)];
        check(known, ErrorCode::kDisposed, "the %s backend was used after dispose()", Backend::kName);
        return *backends[static_cast<size_t>(id)];
    }

    /** @throws DISPOSED */
    auto& linear(Backend& backend) { return linear(backend, integer()); }

    /** @throws DISPOSED */
    auto& experts(Backend& backend) {
        const auto found = backend.experts.find(integer());
        check(found != backend.experts.end(), ErrorCode::kDisposed, "expert weights were used after dispose()");
        return found->second;
    }

    /** A layer by its number among many. @throws DISPOSED */
    auto& linear(Backend& backend, int64_t id) {
        const auto found = backend.linears.find(id);
        check(found != backend.linears.end(), ErrorCode::kDisposed, "a linear weight was used after dispose()");
        return found->second;
    }

    /** Throws in JavaScript: what the factory makes, or a plain Error where there is none yet. */
    void raise(const Error& error) const {
        napi_value code, message, undefined, factory, result;
        napi_create_string_utf8(env(), name_of(error.code), NAPI_AUTO_LENGTH, &code);
        napi_create_string_utf8(env(), error.message.c_str(), NAPI_AUTO_LENGTH, &message);
        const napi_value arguments[] = {code, message};
        napi_get_undefined(env(), &undefined);
        const napi_ref create = environment().create_error;
        const bool created = create && napi_get_reference_value(env(), create, &factory) == napi_ok &&
                             napi_call_function(env(), undefined, factory, 2, arguments, &result) == napi_ok;
        if (created) {
            napi_throw(env(), result);
        } else {
            napi_throw_error(env(), name_of(error.code), error.message.c_str());
        }
    }
};

/** Runs the body of an exported function: no C++ exception crosses the border. A body returns null for undefined. */
template <typename Call>
napi_value guarded(napi_value (*body)(Call&), napi_env env, napi_callback_info info) {
    Call call(env, info);
    try {
        return body(call);
    } catch (const Error& error) {
        call.raise(error);
    } catch (const std::bad_alloc&) {
        call.raise({ErrorCode::kOutOfMemory, "the system refused memory for bookkeeping"});
    } catch (const std::exception& error) {
        call.raise({ErrorCode::kInternal, error.what()});
    }
    return nullptr;
}

/** The Node-API callback around a body. */
template <auto body>
napi_value entry(napi_env env, napi_callback_info info) {
    return guarded(body, env, info);
}

/** Adds a function to the addon's exports; families of functions are handed it, see export_ops. */
using Exporter = void (*)(napi_env env, napi_value exports, const char* name, napi_callback callback, void* environment);

inline void add_function(napi_env env, napi_value exports, const char* name, napi_callback callback, void* environment) {
    napi_value function;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, environment, &function);
    napi_set_named_property(env, exports, name, function);
}

inline void add_number(napi_env env, napi_value exports, const char* name, int32_t number) {
    napi_value value;
    napi_create_int32(env, number, &value);
    napi_set_named_property(env, exports, name, value);
}

/** setErrorFactory((code, message) => Error) */
template <typename Call>
napi_value set_error_factory(Call& call) {
    napi_ref& factory = call.environment().create_error;
    if (factory) napi_delete_reference(call.env(), factory);
    factory = nullptr;
    napi_create_reference(call.env(), call.value(), 1, &factory);
    return nullptr;
}

/** disposeBackend(backend): waits for what it computes and frees everything it gave out */
template <typename Call>
napi_value dispose_backend(Call& call) {
    const int64_t id = call.integer();
    auto& backends = call.environment().backends;
    if (id >= 0 && id < static_cast<int64_t>(backends.size())) backends[static_cast<size_t>(id)].reset();
    return nullptr;
}

/** disposeLinear(backend, linear) */
template <typename Call>
napi_value dispose_linear(Call& call) {
    auto& backend = call.backend();
    backend.linears.erase(call.integer());
    return nullptr;
}

/** disposeExperts(backend, experts) */
template <typename Call>
napi_value dispose_experts(Call& call) {
    auto& backend = call.backend();
    backend.experts.erase(call.integer());
    return nullptr;
}

/** detach(buffer): after this no JavaScript view reaches the memory */
template <typename Call>
napi_value detach(Call& call) {
    check(napi_detach_arraybuffer(call.env(), call.value()) == napi_ok, ErrorCode::kInternal, "a buffer could not be detached");
    return nullptr;
}

/** Adds what every addon exports. @returns the environment's state, which ends with the environment: forgotten backends too */
template <typename Call>
typename Call::State* begin_addon(napi_env env, napi_value exports, int32_t addon_version) {
    using State = typename Call::State;
    auto* environment = new State;
    napi_set_instance_data(env, environment, [](napi_env, void* data, void*) { delete static_cast<State*>(data); }, nullptr);
    add_number(env, exports, "addonVersion", addon_version);
    add_number(env, exports, "planVersion", kPlanVersion);
    add_function(env, exports, "setErrorFactory", entry<set_error_factory<Call>>, environment);
    add_function(env, exports, "disposeBackend", entry<dispose_backend<Call>>, environment);
    add_function(env, exports, "disposeLinear", entry<dispose_linear<Call>>, environment);
    add_function(env, exports, "disposeExperts", entry<dispose_experts<Call>>, environment);
    add_function(env, exports, "detach", entry<detach<Call>>, environment);
    return environment;
}

}  // namespace octavo
