// The list of keyboard shortcuts.
import { SHORTCUTS } from "../chat/shortcuts.js";
import { Modal } from "./modal.js";
import { helpOpen } from "./panels.js";

export function Help() {
  const close = () => {
    helpOpen.value = false;
  };
  return (
    <Modal title="Keyboard shortcuts" kind="center" onClose={close}>
      <dl class="shortcuts">
        {SHORTCUTS.map(({ keys, what }) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
