// A dialog over the page: traps focus, closes on Escape and on a click beside it, gives focus back. The browser does most of it.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "./icons.js";

interface ModalProps {
  readonly title: string;
  readonly kind: "center" | "start" | "end";
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Modal({ title, kind, onClose, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog ref={dialog} class={`modal ${kind}`} aria-label={title} onClose={onClose} closedby="any">
      <div class="panel">
        <header>
          <h2>{title}</h2>
          <IconButton icon="close" label="Close" onClick={() => dialog.current!.close()} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
