// The tokens that end a text, from a GGUF file's metadata.
import type { GgufMetadata } from "@octavo/core";

const KEYS = ["eos_token_id", "eot_token_id", "eom_token_id"];

/** Ends of a turn in chat formats. Older files name only the end of a text, though the model ends its turns with one of these. */
const TURN_ENDS = ["<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|return|>", "<|call|>", "<|endoftext|>"];

/** In gpt-oss's format "<|end|>" ends a message, of which a turn has several; a turn ends with one of these. */
const HARMONY = ["<|return|>", "<|call|>"];

const CONTROL = 3;

/** Ids that keys name, and control tokens that are known to end a turn. */
export function endTokens(metadata: GgufMetadata): number[] {
  const ids = new Set<number>();
  for (const key of KEYS) {
    const id = metadata.get(`tokenizer.ggml.${key}`);
    if (typeof id === "number") ids.add(id);
  }
  const tokens = metadata.get("tokenizer.ggml.tokens");
  const kinds = metadata.get("tokenizer.ggml.token_type");
  if (!Array.isArray(tokens) || !ArrayBuffer.isView(kinds)) return [...ids];
  const isHarmony = HARMONY.every((end) => tokens.includes(end));
  for (const end of TURN_ENDS) {
    if (isHarmony && end === "<|end|>") continue;
    const id = tokens.indexOf(end);
    if (id >= 0 && kinds[id] === CONTROL) ids.add(id);
  }
  return [...ids];
}
