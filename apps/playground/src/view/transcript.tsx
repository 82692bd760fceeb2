// The current conversation. Follows a growing answer while its end is in view, and lets go as soon as the reader scrolls up.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { problems } from "../state/answering.js";
import { current } from "../state/conversations.js";
import { Answer } from "./answer.js";
import { Empty } from "./empty.js";
import { IconButton } from "./icons.js";
import { ProblemNotice, Unanswered } from "./problem-notice.js";
import { Question } from "./question.js";

/** Pixels from the end that still count as its being in view. */
const NEAR = 60;

export function Transcript() {
  const view = useRef<HTMLElement>(null);
  const following = useRef(true);
  const [away, setAway] = useState(false);
  const { id, messages, systemPrompt } = current.value;
  const problem = problems.value.get(id);
  const last = messages.at(-1);
  const toEnd = () => view.current?.scrollTo({ top: view.current.scrollHeight });

  useLayoutEffect(() => {
    following.current = true;
    toEnd();
  }, [id, messages.length]);
  useLayoutEffect(() => {
    if (following.current) toEnd();
  }, [last, problem]);
  const onScroll = () => {
    const { scrollHeight, scrollTop, clientHeight } = view.current!;
    following.current = scrollHeight - scrollTop - clientHeight < NEAR;
    setAway(!following.current);
  };

  return (
    <main class="transcript" ref={view} onScroll={onScroll} tabIndex={-1} aria-label="Conversation">
      <div class="column">
        {systemPrompt.trim() && (
          <section class="system" aria-label="System prompt">
            {systemPrompt}
          </section>
        )}
        {messages.length === 0 && <Empty />}
        {messages.map((message) =>
          message.role === "user" ? (
            <Question key={message.id} conversation={id} question={message} />
          ) : (
            <Answer key={message.id} conversation={id} answer={message} last={message === last} />
          ),
        )}
        {problem ? <ProblemNotice conversation={id} problem={problem} /> : <Unanswered />}
      </div>
      {away && (
        <div class="to-end">
          <IconButton icon="down" label="To the end" onClick={toEnd} />
        </div>
      )}
    </main>
  );
}
