// All custom logits processors of one request as one function.
import { OctavoError } from "@octavo/core";
import type { ProcessLogits } from "@octavo/scheduler";
import type { LogitsProcessor, LogitsProcessorRequest } from "./logits-processor.js";

/** @returns undefined where no processor wants the request. @throws INVALID_ARGUMENT with the message of a processor that refuses it */
export function beginRequest(
  processors: readonly LogitsProcessor[],
  request: LogitsProcessorRequest,
): ProcessLogits | undefined {
  const active = processors.flatMap((processor) => ask(processor, request) ?? []);
  if (active.length === 0) return undefined;
  return (logits, outputTokenIds) => {
    try {
      for (const process of active) process(logits, outputTokenIds);
    } catch (error) {
      // No token is left to pick, which ends this request and no other.
      logits.fill(Number.NEGATIVE_INFINITY);
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.emitWarning(`a logits processor failed, its request ends: ${text}`, { code: "OCTAVO_LOGITS_PROCESSOR" });
    }
  };
}

function ask(processor: LogitsProcessor, request: LogitsProcessorRequest) {
  try {
    return processor(request);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new OctavoError({ code: "INVALID_ARGUMENT", message, param: "vllm_xargs", cause });
  }
}
