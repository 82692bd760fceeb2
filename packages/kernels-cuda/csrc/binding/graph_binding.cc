// Exports for captured graphs.
#include "binding/call.h"

namespace octavo::cuda {
namespace {

/** beginCapture(backend) */
napi_value begin_capture(Call& call) {
    Graph::begin_capture(call.backend().stream.handle());
    return nullptr;
}

/** abortCapture(backend) */
napi_value abort_capture(Call& call) {
    Graph::abort_capture(call.backend().stream.handle());
    return nullptr;
}

/** endCapture(backend): id */
napi_value end_capture(Call& call) {
    Backend& backend = call.backend();
    auto graph = std::make_unique<Graph>(backend.stream.handle());
    const int64_t id = backend.next_id++;
    backend.graphs.emplace(id, std::move(graph));
    return integer_value(call, id);
}

Graph& graph_of(Call& call, Backend& backend) {
    const auto found = backend.graphs.find(call.integer());
    check(found != backend.graphs.end(), ErrorCode::kDisposed, "a graph was used after dispose()");
    return *found->second;
}

/** graphBytes(backend, graph) */
napi_value graph_bytes(Call& call) {
    Backend& backend = call.backend();
    return integer_value(call, static_cast<int64_t>(graph_of(call, backend).bytes()));
}

/** launchGraph(backend, graph) */
napi_value launch_graph(Call& call) {
    Backend& backend = call.backend();
    graph_of(call, backend).launch(backend.stream.handle());
    return nullptr;
}

/** disposeGraph(backend, graph): once what was launched of it is done */
napi_value dispose_graph(Call& call) {
    Backend& backend = call.backend();
    const int64_t id = call.integer();
    if (!backend.graphs.contains(id)) return nullptr;
    check_cuda(cudaStreamSynchronize(backend.stream.handle()), "cudaStreamSynchronize");
    backend.graphs.erase(id);
    return nullptr;
}

}  // namespace

void export_graphs(napi_env env, napi_value exports, Environment* environment, Exporter add) {
    add(env, exports, "beginCapture", entry<begin_capture>, environment);
    add(env, exports, "abortCapture", entry<abort_capture>, environment);
    add(env, exports, "endCapture", entry<end_capture>, environment);
    add(env, exports, "graphBytes", entry<graph_bytes>, environment);
    add(env, exports, "launchGraph", entry<launch_graph>, environment);
    add(env, exports, "disposeGraph", entry<dispose_graph>, environment);
}

}  // namespace octavo::cuda
