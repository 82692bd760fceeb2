// What the reader said, and the form to say it differently.
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Question as QuestionMessage } from "../chat/conversation.js";
import { resend } from "../state/answering.js";
import { current } from "../state/conversations.js";
import { CopyButton } from "./copy-button.js";
import { growToContent } from "./grow-to-content.js";
import { IconButton } from "./icons.js";
import { editing, focusComposer } from "./panels.js";

interface QuestionProps {
  readonly conversation: string;
  readonly question: QuestionMessage;
}

export function Question(props: QuestionProps) {
  const { id, text } = props.question;
  if (editing.value === id) return <EditForm {...props} />;
  const edit = () => {
    editing.value = id;
  };
  return (
    <article class="question" aria-label="You">
      <div class="said">{text}</div>
      <div class="actions">
        <CopyButton text={text} label="Copy message" />
        <IconButton icon="edit" label="Edit and send again" onClick={edit} />
      </div>
    </article>
  );
}

function EditForm({ conversation, question }: QuestionProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const later = current.value.messages.at(-1)?.id !== question.id;
  useLayoutEffect(() => {
    const text = field.current!;
    growToContent(text);
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
  }, []);
  const close = () => {
    editing.value = "";
    focusComposer();
  };
  const submit = () => {
    const text = field.current!.value.trim();
    if (!text) return;
    close();
    void resend(conversation, question.id, text);
  };
  return (
    <form
      class="question edit"
      aria-label="Edit your message"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        ref={field}
        aria-label="Your message"
        onInput={(event) => growToContent(event.currentTarget)}
        onKeyDown={(event) => {
          if (event.isComposing) return;
          if (event.key === "Escape") close();
          else if (event.key === "Enter" && !event.shiftKey) submit();
          else return;
          event.preventDefault();
        }}
      >
        {question.text}
      </textarea>
      <div class="actions">
        {later && <span class="fine">What follows will be replaced.</span>}
        <button type="button" class="quiet" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="solid">
          Send again
        </button>
      </div>
    </form>
  );
}
