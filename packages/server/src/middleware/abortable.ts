// Gives a route's requests a `signal` that ends them: when the client goes away, or when somebody else asks for it.
import type { RouteHandler } from "../context.js";
import type { RunningRequests } from "../running-requests.js";

export function abortable(running: RunningRequests, handler: RouteHandler): RouteHandler {
  return async (c, next) => {
    const controller = new AbortController();
    const { signal } = c.req.raw;
    const abort = () => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    c.set("signal", controller.signal);
    const forget = running.add(controller, () => c.get("requestId"));
    try {
      return await handler(c, next);
    } finally {
      const finished = c.get("finished");
      if (finished) void finished.then(forget);
      else forget();
    }
  };
}
