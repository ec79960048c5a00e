import type { ComponentChildren } from "preact";
import { Dialog } from "./dialog.tsx";
import { Fault, SubmitButton, submitting } from "./form.tsx";
import { useAction } from "./fresh.ts";

interface Props {
  title: string;
  /** What the button says: the verb itself. */
  verb: string;
  /** Whether it takes something away. */
  harmful?: boolean;
  /** False while something stands against it. */
  ready?: boolean;
  /** Do it; `field` reads the fields among the children. */
  perform(field: (name: string) => string): Promise<void>;
  onClose(): void;
  /** What will happen, in a sentence or two. */
  children: ComponentChildren;
}

/** Asks before something is done, and closes once it is. */
export function Confirm({ title, verb, harmful = false, ready = true, perform, onClose, children }: Props) {
  const { busy, problem, run } = useAction();
  const submit = submitting((field) =>
    run(async () => {
      await perform(field);
      onClose();
    }),
  );
  return (
    <Dialog label={title} testid="confirm" onClose={onClose} titled lasting>
      <form class="form" onSubmit={submit}>
        {children}
        <Fault problem={problem} />
        <div class="form-foot">
          <button type="button" class="button" autofocus={harmful} onClick={onClose}>
            Cancel
          </button>
          <SubmitButton
            busy={busy}
            disabled={!ready}
            class={`button ${harmful ? "danger" : "primary"}`}
            autofocus={!harmful}
            data-testid="confirm-yes"
          >
            {verb}
          </SubmitButton>
        </div>
      </form>
    </Dialog>
  );
}
