// The line above a conversation: its title, the model, and the ways to everything else.
import { titleOf } from "../chat/conversation.js";
import { current } from "../state/conversations.js";
import { chooseModel, model, models } from "../state/server.js";
import { setTheme, THEMES, theme } from "../state/theme.js";
import { IconButton } from "./icons.js";
import { helpOpen, listOpen, settingsOpen } from "./panels.js";
import { toggleSettings } from "./run-command.js";

export function Header({ narrow }: { narrow: boolean }) {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
  return (
    <header class="top">
      {narrow && (
        <IconButton
          icon="list"
          label="Conversations"
          expanded={listOpen.value}
          onClick={() => {
            listOpen.value = true;
          }}
        />
      )}
      <h1 title={titleOf(current.value)}>{titleOf(current.value)}</h1>
      <ModelName />
      <IconButton
        icon={theme.value}
        label={`Colours: ${theme.value}. Change to ${next}`}
        onClick={() => setTheme(next)}
      />
      <button
        type="button"
        class="quiet round"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={() => {
          helpOpen.value = true;
        }}
      >
        ?
      </button>
      <IconButton
        icon="settings"
        label="Settings"
        id="open-settings"
        expanded={settingsOpen.value}
        onClick={toggleSettings}
      />
    </header>
  );
}

/** Most servers have one; those with several names let it be chosen. */
function ModelName() {
  if (!model.value) return null;
  if (models.value.length === 1) return <span class="model">{model.value.id}</span>;
  return (
    <select
      class="model"
      aria-label="Model"
      value={model.value.id}
      onChange={(event) => chooseModel(event.currentTarget.value)}
    >
      {models.value.map(({ id }) => (
        <option key={id} value={id}>
          {id}
        </option>
      ))}
    </select>
  );
}
