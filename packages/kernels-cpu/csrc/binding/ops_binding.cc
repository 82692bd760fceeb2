// Exports for ops: the shared binding over this backend's ops.
#include "binding/call.h"

namespace octavo::cpu {
namespace {

using Queue = Context;

Queue& queue_of(Backend& backend) { return backend.context; }

}  // namespace
}  // namespace octavo::cpu

#define OCTAVO_BACKEND cpu
#include "octavo/ops_binding.h"
