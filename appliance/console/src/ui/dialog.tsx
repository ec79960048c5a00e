import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { CloseIcon } from "./icons.tsx";

interface Props {
  label: string;
  testid: string;
  onClose(): void;
  children: ComponentChildren;
  /** Show the label and a button to close above the content. */
  titled?: boolean;
  /** Let no stray click beside it close it: something was typed into it, or it shows what is shown once. */
  lasting?: boolean;
}

/** A modal dialog: the browser's own keeps the focus inside, closes on Escape and gives the focus back. */
export function Dialog({ label, testid, onClose, children, titled = false, lasting = false }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  // Before the next event: keys that follow the one that opened the dialog are meant for it already.
  useLayoutEffect(() => element.current?.showModal(), []);
  const closeOutside = (event: MouseEvent) => {
    if (!lasting && event.target === element.current) onClose();
  };
  return (
    // A click on the backdrop is one on the dialog itself; Escape needs no help of ours.
    <dialog ref={element} aria-label={label} data-testid={testid} onClose={onClose} onClick={closeOutside}>
      {titled && (
        <div class="dialog-title">
          <h2>{label}</h2>
          <button type="button" class="button icon" aria-label="Close" onClick={onClose}>
            <CloseIcon />
          </button>
        </div>
      )}
      {children}
    </dialog>
  );
}
