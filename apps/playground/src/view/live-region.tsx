// Tells screen readers what appears without their doing: answers sentence by sentence, and short notices.
import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { lastAnswer } from "../chat/conversation.js";
import { nextSpoken } from "../chat/spoken.js";
import { current } from "../state/conversations.js";

/** Enough that a reader who is behind misses nothing. */
const KEPT = 40;

const lines = signal<readonly { readonly key: number; readonly text: string }[]>([]);
let lineCount = 0;

export function announce(text: string): void {
  if (text.trim()) lines.value = [...lines.value.slice(1 - KEPT), { key: lineCount++, text }];
}

export function LiveRegion() {
  useEffect(readAnswersOut, []);
  return (
    <div class="unseen" role="log" aria-live="polite" aria-label="Announcements">
      {lines.value.map(({ key, text }) => (
        <p key={key}>{text}</p>
      ))}
    </div>
  );
}

/** Only answers that grow while they are looked at; what was there before can be read at leisure. */
function readAnswersOut(): () => void {
  let id = "";
  let spoken = 0;
  return effect(() => {
    const answer = lastAnswer(current.value);
    if (!answer) return;
    const running = answer.end === "running";
    if (answer.id !== id) {
      if (!running) return;
      id = answer.id;
      spoken = 0;
    }
    const part = nextSpoken(answer.text, spoken, !running);
    spoken += part.length;
    if (part) announce(part);
    if (running) return;
    id = "";
    announce(answer.end === "stop" ? "End of the answer" : "The answer is incomplete");
  });
}
