// What went wrong, and the buttons that may mend it.
import { adviceFor, type Problem } from "../api/problem.js";
import { lastAnswer } from "../chat/conversation.js";
import { dismissProblem, regenerate, running } from "../state/answering.js";
import { current } from "../state/conversations.js";
import { keyWanted, loadModels } from "../state/server.js";
import { settingsOpen } from "./panels.js";
import { toggleSettings } from "./run-command.js";

interface ProblemNoticeProps {
  readonly conversation: string;
  readonly problem: Problem;
}

export function ProblemNotice({ conversation, problem }: ProblemNoticeProps) {
  const advice = adviceFor(problem);
  const retry = () => {
    void loadModels();
    void regenerate(conversation);
  };
  const enterKey = () => {
    keyWanted.value = true;
  };
  return (
    <section class="problem" role="alert">
      <p>{problem.message}</p>
      {advice && <p class="fine">{advice}</p>}
      <div class="actions">
        {problem.kind === "key" && (
          <button type="button" class="solid" onClick={enterKey}>
            Enter a key
          </button>
        )}
        <button type="button" class={problem.kind === "key" ? "quiet" : "solid"} onClick={retry}>
          Try again
        </button>
        {problem.kind === "refused" && !settingsOpen.value && (
          <button type="button" class="quiet" onClick={toggleSettings}>
            Settings
          </button>
        )}
        <button type="button" class="quiet" onClick={() => dismissProblem(conversation)}>
          Dismiss
        </button>
      </div>
    </section>
  );
}

/** A question that was stopped before the first token, or left by a reload. */
export function Unanswered() {
  const { id, messages } = current.value;
  if (messages.length === 0 || lastAnswer(current.value) || running.value.has(id)) return null;
  return (
    <div class="unanswered">
      <span class="fine">Not answered.</span>
      <button type="button" class="quiet" onClick={() => void regenerate(id)}>
        Try again
      </button>
    </div>
  );
}
