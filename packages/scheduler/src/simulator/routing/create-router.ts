// The routing policies by name.
import { OctavoError } from "@octavo/core";
import { LeastLoadedRouter } from "./least-loaded.js";
import { PrefixAwareRouter } from "./prefix-aware.js";
import { RoundRobinRouter } from "./round-robin.js";
import type { Fleet, Router, RoutingOptions } from "./router.js";

export const ROUTING_POLICIES = ["round-robin", "least-loaded", "prefix-aware"] as const;

/** @throws INVALID_ARGUMENT for a policy that does not exist */
export function createRouter(policy: string, fleet: Fleet, options: RoutingOptions): Router {
  switch (policy) {
    case "round-robin":
      return new RoundRobinRouter(fleet);
    case "least-loaded":
      return new LeastLoadedRouter(fleet);
    case "prefix-aware":
      return new PrefixAwareRouter(fleet, options);
    default:
      throw new OctavoError({
        code: "INVALID_ARGUMENT",
        message: `there is no routing policy "${policy}", only ${ROUTING_POLICIES.join(", ")}`,
        param: "routingPolicy",
      });
  }
}
