// What went wrong, in words that a person can act on.

/** `key`: one is needed or wrong; `offline`: no answer at all; `busy`: later; `cut`: ended early; `refused`: the request's fault. */
export type ProblemKind = "key" | "offline" | "busy" | "cut" | "refused" | "server";

export class Problem extends Error {
  readonly kind: ProblemKind;
  /** The request's field that the server named. */
  readonly param: string | null;

  constructor(kind: ProblemKind, message: string, param: string | null = null) {
    super(message);
    this.name = "Problem";
    this.kind = kind;
    this.param = param;
  }
}

const ASK_LATER = "The server has more to do than it can queue. Try again";

/** @param body the parsed JSON of the response, if it was any */
export function problemOf(status: number, retryAfter: string | null, body: unknown): Problem {
  const error = (body as { error?: { message?: unknown; param?: unknown } } | null)?.error;
  const message = typeof error?.message === "string" ? error.message : `The server answered with status ${status}.`;
  const param = typeof error?.param === "string" ? error.param : null;
  if (status === 401 || status === 403) return new Problem("key", "The server asks for an API key.");
  if (status === 429 || status === 503) {
    const seconds = Number(retryAfter);
    return new Problem("busy", seconds > 0 ? `${ASK_LATER} in ${seconds} s.` : `${ASK_LATER} in a while.`);
  }
  return new Problem(status < 500 ? "refused" : "server", message, param);
}

/** What to do about it, beside trying again. */
export function adviceFor({ kind, param }: Problem): string | null {
  switch (kind) {
    case "offline":
      return "Is octavo serve still running, and is this computer connected to it?";
    case "cut":
      return "The text so far is kept.";
    case "server":
      return "The server's log says more.";
    case "refused":
      if (param?.startsWith("messages") || param === "max_tokens") {
        return "Shorten the message, lower max_tokens, or start a new conversation.";
      }
      return param ? `Change ${param} in the settings.` : null;
    default:
      return null;
  }
}
