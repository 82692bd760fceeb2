// The page's layout: conversations, the current one, settings; the latter two beside it or, on narrow pages, over it.
import { useEffect, useState } from "preact/hooks";
import { keyWanted } from "../state/server.js";
import { Composer } from "./composer.js";
import { ConversationList } from "./conversation-list.js";
import { Header } from "./header.js";
import { Help } from "./help.js";
import { KeyDialog } from "./key-dialog.js";
import { LiveRegion } from "./live-region.js";
import { Modal } from "./modal.js";
import { helpOpen, listOpen, NARROW, settingsOpen } from "./panels.js";
import { onShortcut } from "./run-command.js";
import { Settings } from "./settings.js";
import { Transcript } from "./transcript.js";

export function App() {
  const narrow = useNarrow();
  useEffect(() => {
    document.addEventListener("keydown", onShortcut);
    return () => document.removeEventListener("keydown", onShortcut);
  }, []);
  const closeList = () => {
    listOpen.value = false;
  };
  const closeSettings = () => {
    settingsOpen.value = false;
  };
  return (
    <div class="page">
      <a class="skip" href="#message">
        Go to the message field
      </a>
      {!narrow && (
        <nav class="side" aria-label="Conversations">
          <ConversationList />
        </nav>
      )}
      <div class="middle">
        <Header narrow={narrow} />
        <Transcript />
        <Composer />
      </div>
      {!narrow && settingsOpen.value && (
        <aside class="side end" aria-label="Settings">
          <Settings onClose={closeSettings} />
        </aside>
      )}
      {narrow && listOpen.value && (
        <Modal title="Conversations" kind="start" onClose={closeList}>
          <ConversationList onChosen={closeList} />
        </Modal>
      )}
      {narrow && settingsOpen.value && (
        <Modal title="Settings" kind="end" onClose={closeSettings}>
          <Settings />
        </Modal>
      )}
      {helpOpen.value && <Help />}
      {keyWanted.value && <KeyDialog />}
      <LiveRegion />
    </div>
  );
}

function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(NARROW.matches);
  useEffect(() => {
    const update = () => setNarrow(NARROW.matches);
    NARROW.addEventListener("change", update);
    return () => NARROW.removeEventListener("change", update);
  }, []);
  return narrow;
}
