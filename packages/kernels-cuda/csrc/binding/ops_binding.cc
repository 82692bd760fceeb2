// Exports for ops: the shared binding over this backend's ops.
#include "binding/call.h"

namespace octavo::cuda {
namespace {

using Queue = Stream;

Queue& queue_of(Backend& backend) { return backend.stream; }

}  // namespace
}  // namespace octavo::cuda

#define OCTAVO_BACKEND cuda
#include "octavo/ops_binding.h"
