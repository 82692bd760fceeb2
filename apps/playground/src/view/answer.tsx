// What the model said, and what can be done with it.
import { useState } from "preact/hooks";
import type { AnswerEnd, Answer as AnswerMessage } from "../chat/conversation.js";
import { describeSpeed } from "../chat/speed.js";
import { Markdown } from "../markdown/markdown.js";
import { regenerate } from "../state/answering.js";
import { CopyButton } from "./copy-button.js";
import { IconButton } from "./icons.js";
import { TokenView } from "./token-view.js";

const ENDS: Readonly<Record<AnswerEnd, string | null>> = {
  running: null,
  stop: null,
  length: "Ended by max_tokens or the model's context",
  stopped: "Stopped",
  cut: "Cut off",
};

interface AnswerProps {
  readonly conversation: string;
  readonly answer: AnswerMessage;
  readonly last: boolean;
}

export function Answer({ conversation, answer, last }: AnswerProps) {
  const { text, end, speed, tokens } = answer;
  const [showsTokens, setShowsTokens] = useState(false);
  const running = end === "running";
  return (
    <article class="answer" aria-label="Answer" aria-busy={running}>
      {showsTokens && tokens ? <TokenView tokens={tokens} /> : <Markdown text={text} />}
      {running && !text && <p class="pulse" role="img" aria-label="Waiting for the first token" />}
      {!running && !text.trim() && <p class="fine">The model ended without a word.</p>}
      {!running && (
        <footer>
          <div class="actions">
            <CopyButton text={text} label="Copy answer" />
            {last && <IconButton icon="retry" label="Answer again" onClick={() => void regenerate(conversation)} />}
            {tokens && (
              <IconButton
                icon="tokens"
                label="Token probabilities"
                pressed={showsTokens}
                onClick={() => setShowsTokens(!showsTokens)}
              />
            )}
          </div>
          <p class="fine">{[ENDS[end], speed && describeSpeed(speed)].filter(Boolean).join(" · ")}</p>
        </footer>
      )}
    </article>
  );
}
