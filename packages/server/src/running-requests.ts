// The requests that generate right now, and how one of them is ended from outside.
import { ApiError } from "./errors/api-error.js";

export class RunningRequests {
  readonly #idOf = new Map<AbortController, () => string>();

  /** @param idOf what a reply's id has after "chatcmpl-", "cmpl-" or "embd-": known when the body was read @returns forgets it */
  add(controller: AbortController, idOf: () => string): () => void {
    this.#idOf.set(controller, idOf);
    return () => void this.#idOf.delete(controller);
  }

  /**
   * Ends requests; their replies have what they generated so far.
   * @param ids of replies, or as clients gave them; none: all requests
   * @returns how many
   */
  abort(ids: readonly string[] = []): number {
    const named = new Set(ids.flatMap((id) => [id, id.replace(/^(chatcmpl|cmpl|embd)-/, "")]));
    let count = 0;
    for (const [controller, idOf] of this.#idOf) {
      if (controller.signal.aborted || (ids.length > 0 && !named.has(idOf()))) continue;
      controller.abort(new ApiError({ status: 503, message: "The request was aborted by POST /abort_requests." }));
      count++;
    }
    return count;
  }
}
