// Asks for the server's API key.

import { problems, regenerate } from "../state/answering.js";
import { current } from "../state/conversations.js";
import { apiKey, keyWanted, setKey, unreachable } from "../state/server.js";
import { Modal } from "./modal.js";

export function KeyDialog() {
  const close = () => {
    keyWanted.value = false;
  };
  const use = async (key: string) => {
    await setKey(key);
    const { id } = current.value;
    if (!keyWanted.value && problems.value.get(id)?.kind === "key") await regenerate(id);
  };
  const refused =
    apiKey.value && [unreachable.value, problems.value.get(current.value.id)].some((it) => it?.kind === "key");
  return (
    <Modal title="API key" kind="center" onClose={close}>
      <form
        class="key"
        onSubmit={(event) => {
          event.preventDefault();
          const field = event.currentTarget.elements.namedItem("key") as HTMLInputElement;
          void use(field.value.trim());
        }}
      >
        <label class="field">
          <span>{refused ? "The server does not take this key." : "The key that this server asks for"}</span>
          <input name="key" type="password" autocomplete="off" required value={apiKey.value} />
        </label>
        <p class="fine">
          It is one of those that octavo serve was given as --api-key, and is kept until this tab closes.
        </p>
        <div class="actions">
          <button type="button" class="quiet" onClick={close}>
            Not now
          </button>
          <button type="submit" class="solid">
            Use it
          </button>
        </div>
      </form>
    </Modal>
  );
}
