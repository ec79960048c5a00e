import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Dialog } from "./dialog.tsx";
import { Fault, SubmitButton, submitting } from "./form.tsx";
import { useAction } from "./fresh.ts";

interface Props<Made> {
  title: string;
  verb: string;
  /** Create it; `key` stays the same at each try, so that a lost answer creates nothing twice. */
  create(field: (name: string) => string, key: string): Promise<Made>;
  /** What is shown of it once, as secrets are. */
  shown(made: Made): ComponentChildren;
  onClose(): void;
  /** The fields. */
  children: ComponentChildren;
}

/** A form that creates something whose secret is shown once, in its place. */
export function Create<Made>({ title, verb, create, shown, onClose, children }: Props<Made>) {
  const [key] = useState(() => crypto.randomUUID());
  const [made, setMade] = useState<{ value: Made } | null>(null);
  const { busy, problem, run } = useAction();
  const submit = submitting((field) => run(async () => setMade({ value: await create(field, key) })));
  return (
    <Dialog label={title} testid="create" onClose={onClose} titled lasting>
      {made ? (
        <div class="form" data-testid="created">
          {shown(made.value)}
          <div class="form-foot">
            <button type="button" class="button primary" onClick={onClose}>
              Done
            </button>
          </div>
        </div>
      ) : (
        <form class="form" onSubmit={submit}>
          {children}
          <Fault problem={problem} />
          <div class="form-foot">
            <button type="button" class="button" onClick={onClose}>
              Cancel
            </button>
            <SubmitButton busy={busy} autofocus data-testid="create-yes">
              {verb}
            </SubmitButton>
          </div>
        </form>
      )}
    </Dialog>
  );
}
