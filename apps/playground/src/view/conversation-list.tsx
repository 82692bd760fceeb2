// The conversations of this browser: choose, rename, delete, take back a deletion.
import { useState } from "preact/hooks";
import { type Conversation, titleOf } from "../chat/conversation.js";
import { running, stop } from "../state/answering.js";
import { change, choose, conversations, current, deleted, lasting, remove, restore } from "../state/conversations.js";
import { IconButton } from "./icons.js";
import { focusComposer } from "./panels.js";
import { newConversation } from "./run-command.js";

/** @param props.onChosen where the list lies over the conversation */
export function ConversationList({ onChosen }: { onChosen?: () => void }) {
  const listed = conversations.value.filter(({ name, messages }) => name || messages.length > 0);
  const fresh = !listed.includes(current.value);
  return (
    <div class="conversations">
      <p class="wordmark">Octavo</p>
      <IconButton
        icon="add"
        label="New conversation"
        text="New conversation"
        current={fresh}
        onClick={newConversation}
      />
      <ul>
        {listed.map((conversation) => (
          <Row key={conversation.id} conversation={conversation} onChosen={onChosen} />
        ))}
      </ul>
      {deleted.value && (
        <p class="notice" role="status">
          <span>Deleted “{titleOf(deleted.value)}”.</span>
          <button type="button" class="link" onClick={restore}>
            Undo
          </button>
        </p>
      )}
      <p class="fine">
        {lasting.value
          ? "Conversations stay in this browser."
          : "This browser keeps nothing: conversations end with this page."}
      </p>
    </div>
  );
}

function Row({ conversation, onChosen }: { conversation: Conversation; onChosen: (() => void) | undefined }) {
  const [renaming, setRenaming] = useState(false);
  const { id } = conversation;
  const title = titleOf(conversation);
  if (renaming) return <Rename conversation={conversation} onDone={() => setRenaming(false)} />;
  const drop = (row: HTMLElement | null) => {
    const neighbour = row?.nextElementSibling ?? row?.previousElementSibling;
    stop(id);
    remove(id);
    const next = neighbour?.querySelector<HTMLElement>(".name");
    if (next) next.focus();
    else focusComposer();
  };
  return (
    <li class="row" id={`row-${id}`}>
      <button
        type="button"
        class="name"
        aria-current={current.value.id === id ? "true" : undefined}
        onClick={() => {
          choose(id);
          onChosen?.();
        }}
      >
        {title}
        {running.value.has(id) && <span class="pulse" role="img" aria-label="answering" />}
      </button>
      <IconButton icon="edit" label={`Rename ${title}`} onClick={() => setRenaming(true)} />
      <IconButton icon="delete" label={`Delete ${title}`} onClick={() => drop(document.getElementById(`row-${id}`))} />
    </li>
  );
}

function Rename({ conversation, onDone }: { conversation: Conversation; onDone: () => void }) {
  const { id } = conversation;
  const finish = (name: string | null) => {
    if (name !== null) change(id, (found) => ({ ...found, name: name.trim() }));
    onDone();
    requestAnimationFrame(() => document.querySelector<HTMLElement>(`#row-${id} .name`)?.focus());
  };
  return (
    <li class="row">
      <input
        class="rename"
        aria-label="Name of the conversation"
        value={titleOf(conversation)}
        ref={(field) => {
          if (field && document.activeElement !== field) field.select();
        }}
        onKeyDown={(event) => {
          if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
          event.preventDefault();
          event.stopPropagation();
          finish(event.key === "Enter" ? event.currentTarget.value : null);
        }}
        onBlur={(event) => finish(event.currentTarget.value)}
      />
    </li>
  );
}
