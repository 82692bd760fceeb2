// An answer token by token: the fainter the mark, the surer the model was; hover or arrow keys show what else it considered.
import { useState } from "preact/hooks";
import { percent, type TokenProbability, visibleText } from "../api/token-probabilities.js";

/** Marks are steps, so that style sheets can say what they look like: 0 for certain, 4 for a surprise. */
function surprise(logprob: number): number {
  const share = Math.exp(logprob);
  return [0.9, 0.6, 0.3, 0.1].filter((bound) => share < bound).length;
}

/** A token that begins with a line break stands on the new line, unless it is nothing but line breaks. */
function breaksBefore(text: string): boolean {
  return text.startsWith("\n") && !text.endsWith("\n");
}

export function TokenView({ tokens }: { tokens: readonly TokenProbability[] }) {
  const [chosen, setChosen] = useState(0);
  const move = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = chosen + (by ?? 0);
    if (by === undefined || event.altKey || !tokens[next]) return;
    event.preventDefault();
    setChosen(next);
    (event.currentTarget.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="tokens">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would not flow as text */}
      <div class="flow" role="group" aria-label="Tokens" onKeyDown={move}>
        {tokens.map((token, index) => [
          breaksBefore(token.text) && "\n",
          <button
            type="button"
            key={index}
            class={`token s${surprise(token.logprob)}`}
            tabIndex={index === chosen ? 0 : -1}
            aria-label={`${visibleText(token.text)} ${percent(token.logprob)}`}
            onFocus={() => setChosen(index)}
            onMouseEnter={() => setChosen(index)}
          >
            {token.text.replaceAll("\n", "↵")}
          </button>,
          token.text.endsWith("\n") && "\n",
        ])}
      </div>
      {tokens[chosen] && <Alternatives token={tokens[chosen]} />}
    </div>
  );
}

function Alternatives({ token }: { token: TokenProbability }) {
  // Tokens that are pieces of a character can have the same text.
  const found = token.top.findIndex(([text, logprob]) => text === token.text && logprob === token.logprob);
  const rows = found < 0 ? [...token.top, [token.text, token.logprob] as const] : token.top;
  const taken = found < 0 ? token.top.length : found;
  return (
    <dl class="alternatives" aria-live="polite" aria-label="Likeliest tokens here">
      {rows.map(([text, logprob], index) => (
        <div key={index} class={index === taken ? "taken" : undefined}>
          <dt>{visibleText(text)}</dt>
          <dd>
            <meter min={0} max={1} value={Math.exp(logprob)} aria-hidden="true" />
            {percent(logprob)}
          </dd>
        </div>
      ))}
    </dl>
  );
}
