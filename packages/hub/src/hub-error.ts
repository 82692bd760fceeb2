// Why a model cannot be had, for programs; the message is for people.
import { OctavoError } from "@octavo/core";

/**
 * - `not_found`: no such repository (or a private one), revision or file
 * - `gated`: its owner gives access to who asks; the message has the page
 * - `unauthorized`: the token is refused
 * - `offline`: the cache lacks it, and the network is not to be used
 * - `network`: the host does not answer, or not as it should
 * - `damaged`: what came is not what the host listed
 * - `disk`: no room, or no right to write
 * - `in_use`: another process downloads it
 */
export type HubErrorReason =
  | "not_found"
  | "gated"
  | "unauthorized"
  | "offline"
  | "network"
  | "damaged"
  | "disk"
  | "in_use";

/** An OctavoError of code DOWNLOAD; `param` is the model or file. */
export class HubError extends OctavoError {
  readonly reason: HubErrorReason;

  constructor(reason: HubErrorReason, message: string, options: { param?: string; cause?: unknown } = {}) {
    super({ code: "DOWNLOAD", message, ...options });
    this.reason = reason;
  }
}
