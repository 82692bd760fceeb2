// Logprobs as OpenAI's chat completions show them: a list of tokens.
import type { SpelledToken, TokenView } from "../../fields/token-view.js";
import type { LogprobsJson } from "../../generation/logprobs-json.js";
import { logprobJson, type ScoredToken } from "../../generation/scored-token.js";
import { joined } from "../../json/json-pieces.js";

/** Says the same of a choice's tokens however they come in pieces. */
export function chatLogprobs(view: TokenView): LogprobsJson {
  return (scored) => {
    const tokens = scored.map((one) => {
      return joined(`{${fields(one, view)},"top_logprobs":[`, alternatives(one, view), "]}");
    });
    return joined('{"content":[', tokens, '],"refusal":null}');
  };
}

function* alternatives({ top }: ScoredToken, view: TokenView): Generator<string> {
  for (const one of top ?? []) yield `{${fields(one, view)}}`;
}

function fields(shown: SpelledToken & { readonly logprob: number | null }, view: TokenView): string {
  const token = JSON.stringify(view.spell(shown));
  return `"token":${token},"logprob":${logprobJson(shown.logprob ?? 0)},"bytes":[${view.bytesOf(shown)}]`;
}
