// How the current conversation is answered. Everything applies from the next message on.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { parseSampling, SAMPLING_FIELDS, type SamplingField, withSampling } from "../chat/sampling.js";
import { change, current } from "../state/conversations.js";
import {
  apiKey,
  askForLogprobs,
  givesLogprobs,
  keyWanted,
  model,
  setWantsTokens,
  wantsTokens,
} from "../state/server.js";
import { growToContent } from "./grow-to-content.js";
import { IconButton } from "./icons.js";

/** @param props.onClose where no dialog around it has a way to close it */
export function Settings({ onClose }: { onClose?: () => void }) {
  const { id, systemPrompt, sampling } = current.value;
  const first = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    first.current!.focus();
    void askForLogprobs();
  }, []);
  return (
    <div class="settings">
      {onClose && (
        <header>
          <h2>Settings</h2>
          <IconButton icon="close" label="Close settings" onClick={onClose} />
        </header>
      )}
      <label class="field">
        <span>System prompt</span>
        <textarea
          ref={first}
          rows={3}
          value={systemPrompt}
          placeholder="None: the model's own"
          onInput={(event) => {
            const text = event.currentTarget.value;
            growToContent(event.currentTarget);
            change(id, (conversation) => ({ ...conversation, systemPrompt: text }));
          }}
        />
      </label>
      <fieldset>
        <legend>Sampling</legend>
        <p class="fine">Empty fields are left to the model.</p>
        {SAMPLING_FIELDS.map((field) => (
          <NumberField key={`${id} ${field.name}`} field={field} />
        ))}
        {Object.keys(sampling).length > 0 && (
          <button type="button" class="quiet" onClick={() => change(id, (found) => ({ ...found, sampling: {} }))}>
            Leave all to the model
          </button>
        )}
      </fieldset>
      {givesLogprobs.value === true && (
        <label class="check">
          <input
            type="checkbox"
            checked={wantsTokens.value}
            onChange={(event) => setWantsTokens(event.currentTarget.checked)}
          />
          <span>Token probabilities, with the next answer</span>
        </label>
      )}
      {apiKey.value && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            keyWanted.value = true;
          }}
        >
          Change the API key
        </button>
      )}
    </div>
  );
}

function NumberField({ field }: { field: SamplingField }) {
  const { name, help, step } = field;
  const { id, sampling } = current.value;
  const kept = sampling[name];
  const [text, setText] = useState(kept === undefined ? "" : String(kept));
  const { value, problem } = parseSampling(field, text);
  // Set from elsewhere, for example all at once.
  useLayoutEffect(() => {
    if (!problem && kept !== value) setText(kept === undefined ? "" : String(kept));
  }, [kept]);
  const longest = name === "max_tokens" ? model.value?.maxModelLen : null;
  return (
    <div class="field number">
      <label for={`set-${name}`}>{name}</label>
      <input
        id={`set-${name}`}
        inputMode={step === 1 ? "numeric" : "decimal"}
        autocomplete="off"
        placeholder={longest ? `up to ${longest}` : "default"}
        value={text}
        aria-describedby={`about-${name}`}
        aria-invalid={problem !== undefined}
        onInput={(event) => {
          const typed = event.currentTarget.value;
          setText(typed);
          const parsed = parseSampling(field, typed);
          if (parsed.problem) return;
          change(id, (found) => ({ ...found, sampling: withSampling(found.sampling, name, parsed.value) }));
        }}
      />
      <p id={`about-${name}`} class={problem ? "fine wrong" : "fine"}>
        {problem ?? help}
      </p>
    </div>
  );
}
