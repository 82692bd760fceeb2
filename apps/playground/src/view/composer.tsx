// Where messages are written. Keeps a draft for each conversation.
import { useLayoutEffect, useRef } from "preact/hooks";
import { running, send, stop } from "../state/answering.js";
import { current } from "../state/conversations.js";
import { growToContent } from "./grow-to-content.js";
import { Icon } from "./icons.js";
import { editLast } from "./run-command.js";

const drafts = new Map<string, string>();

export function Composer() {
  const field = useRef<HTMLTextAreaElement>(null);
  const { id } = current.value;
  const busy = running.value.has(id);
  useLayoutEffect(() => {
    const text = field.current!;
    text.value = drafts.get(id) ?? "";
    growToContent(text);
    // On touch screens that would bring up the keyboard.
    if (!matchMedia("(pointer: coarse)").matches) text.focus({ preventScroll: true });
  }, [id]);
  const submit = () => {
    const text = field.current!.value.trim();
    if (busy || !text) return;
    field.current!.value = "";
    drafts.delete(id);
    growToContent(field.current!);
    void send(id, text);
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        id="message"
        ref={field}
        rows={1}
        placeholder="Write a message"
        aria-label="Message"
        enterkeyhint="send"
        onInput={(event) => {
          drafts.set(id, event.currentTarget.value);
          growToContent(event.currentTarget);
        }}
        onKeyDown={(event) => {
          const { key, shiftKey, altKey, ctrlKey, isComposing, currentTarget } = event;
          if (isComposing || altKey) return;
          if (key === "Enter" && !shiftKey) {
            event.preventDefault();
            submit();
          } else if (key === "ArrowUp" && !ctrlKey && currentTarget.value === "" && editLast()) event.preventDefault();
        }}
      />
      {busy ? (
        <button
          type="button"
          class="main"
          aria-label="Stop"
          title="Stop (Esc)"
          onClick={() => {
            stop(id);
            field.current!.focus();
          }}
        >
          <Icon name="stop" />
        </button>
      ) : (
        <button type="submit" class="main" aria-label="Send" title="Send (Enter)">
          <Icon name="send" />
        </button>
      )}
    </form>
  );
}
