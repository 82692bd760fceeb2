// Logprobs as OpenAI's text completions show them: four lists side by side.
import type { TokenView } from "../../fields/token-view.js";
import type { LogprobsJson } from "../../generation/logprobs-json.js";
import { logprobJson, type ScoredToken } from "../../generation/scored-token.js";
import { joined } from "../../json/json-pieces.js";

/**
 * `tokens`, `token_logprobs` (null for the first token of an echoed prompt), `top_logprobs` and `text_offset`, the characters (code
 * points) of the tokens before. Tokens come in pieces: offsets go on from one call to the next.
 */
export function completionLogprobs(view: TokenView): LogprobsJson {
  let offset = 0;
  return function* (scored) {
    const tokens = scored.map((one) => view.spell(one));
    const logprobs = scored.map(({ logprob }) => logprobJson(logprob));
    yield `{"tokens":${JSON.stringify(tokens)},"token_logprobs":[${logprobs}],"top_logprobs":`;
    const alternatives = scored.map((one) =>
      one.logprob === null || one.top === null ? "null" : joined("{", byText(one, view), "}"),
    );
    yield* joined("[", alternatives, "]");
    const offsets = tokens.map((token) => {
      const before = offset;
      for (const _ of token) offset++;
      return before;
    });
    yield `,"text_offset":[${offsets}]}`;
  };
}

/** The token itself, then the most likely ones. Of several with one text the first stands. */
function* byText(one: ScoredToken, view: TokenView): Generator<string> {
  const shown = new Set<string>();
  for (const entry of [one, ...(one.top ?? [])]) {
    const text = view.spell(entry);
    if (shown.has(text)) continue;
    shown.add(text);
    yield `${JSON.stringify(text)}:${logprobJson(entry.logprob)}`;
  }
}
