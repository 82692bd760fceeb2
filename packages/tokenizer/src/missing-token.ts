import { OctavoError } from "@octavo/core";

/** The error for a token that a text needs. */
export function withoutId(token: string): OctavoError {
  const message = `tokenizer.json is damaged: a text needs the token ${JSON.stringify(token)}, which has no id`;
  return new OctavoError({ code: "CHECKPOINT", param: "tokenizer.json", message });
}
