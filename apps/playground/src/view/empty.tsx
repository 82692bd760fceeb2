// A conversation before its first word.
import { send } from "../state/answering.js";
import { current } from "../state/conversations.js";
import { loadModels, model, unreachable } from "../state/server.js";

const STARTS = [
  "Tell me a story about a lighthouse.",
  "Write a short letter to a friend far away.",
  "Explain how rain is made, simply.",
];

export function Empty() {
  const problem = unreachable.value;
  return (
    <section class="empty">
      <p class="wordmark">Octavo</p>
      {problem && !model.value ? (
        <p role="alert">
          {problem.message}{" "}
          <button type="button" class="link" onClick={() => void loadModels()}>
            Try again
          </button>
        </p>
      ) : (
        <p class="fine">{describeModel()}</p>
      )}
      <ul>
        {STARTS.map((text) => (
          <li key={text}>
            <button type="button" class="link" onClick={() => void send(current.value.id, text)}>
              {text}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function describeModel(): string {
  if (!model.value) return "\u00a0";
  const { id, maxModelLen } = model.value;
  const length = maxModelLen === null ? "" : ` reads and writes up to ${maxModelLen.toLocaleString("en")} tokens.`;
  return `${id}${length}`;
}
