// Parts of forms. Every field has its label above it and says what it takes below.

import type {
  ButtonHTMLAttributes,
  ComponentChildren,
  PartialInputHTMLAttributes,
  SelectHTMLAttributes,
} from "preact";
import { useId, useState } from "preact/hooks";
import type { Problem } from "../api/client.ts";

interface Labelled {
  label: string;
  hint?: ComponentChildren;
}

type InputProps = Labelled & Omit<PartialInputHTMLAttributes<HTMLInputElement>, "type" | "role">;

export function TextField({ label, hint, ...input }: InputProps) {
  const id = useId();
  return (
    <Field id={id} label={label} hint={hint}>
      <input id={id} class="input" aria-describedby={hintId(id, hint)} {...input} />
    </Field>
  );
}

/** A password, which can be shown: typed wrong in secret, it is typed again and again. */
export function PasswordField({ label, hint, ...input }: InputProps) {
  const id = useId();
  const [shown, setShown] = useState(false);
  const type = shown ? ({ type: "text" } as const) : ({ type: "password" } as const);
  return (
    <Field id={id} label={label} hint={hint}>
      <div class="password">
        <input
          id={id}
          class="input"
          aria-describedby={hintId(id, hint)}
          spellcheck={false}
          autocapitalize="none"
          {...input}
          {...type}
        />
        <button
          type="button"
          class="password-show"
          aria-pressed={shown}
          aria-label={`Show: ${label}`}
          onClick={() => setShown(!shown)}
        >
          {shown ? "Hide" : "Show"}
        </button>
      </div>
    </Field>
  );
}

type SelectProps = Labelled & {
  options: readonly (readonly [value: string, words: string])[];
  /** The value that is chosen at first; else it is the first. */
  chosen?: string;
} & SelectHTMLAttributes<HTMLSelectElement>;

export function SelectField({ label, hint, options, chosen, ...select }: SelectProps) {
  const id = useId();
  return (
    <Field id={id} label={label} hint={hint}>
      <select id={id} class="input" aria-describedby={hintId(id, hint)} {...select}>
        {options.map(([value, words]) => (
          <option key={value} value={value} selected={chosen === undefined ? undefined : value === chosen}>
            {words}
          </option>
        ))}
      </select>
    </Field>
  );
}

export function CheckField({ label, hint, ...input }: InputProps) {
  const id = useId();
  return (
    <div class="check-field">
      <input id={id} type="checkbox" aria-describedby={hintId(id, hint)} {...input} />
      <label for={id}>{label}</label>
      <Hint id={id} hint={hint} />
    </div>
  );
}

interface FieldProps extends Labelled {
  id: string;
  children: ComponentChildren;
}

function Field({ id, label, hint, children }: FieldProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      <Hint id={id} hint={hint} />
    </div>
  );
}

function Hint({ id, hint }: { id: string; hint: ComponentChildren }) {
  if (!hint) return null;
  return (
    <p id={hintId(id, hint)} class="field-hint">
      {hint}
    </p>
  );
}

const hintId = (id: string, hint: ComponentChildren) => (hint ? `${id}-hint` : undefined);

/** What went wrong, with the command that helps. */
export function Fault({ problem }: { problem: Problem | null }) {
  if (!problem) return null;
  return (
    <p class="fault" role="alert" data-testid="problem">
      {problem.message} {problem.hint && <code>{problem.hint}</code>}
    </p>
  );
}

/** A button that sends a form, and cannot be pressed twice. */
export function SubmitButton({ busy, children, ...button }: SubmitProps) {
  return (
    <button
      type="submit"
      class="button primary"
      aria-busy={busy}
      {...button}
      disabled={busy || button.disabled}
    >
      {children}
    </button>
  );
}

type SubmitProps = { busy: boolean } & ButtonHTMLAttributes<HTMLButtonElement>;

/** Make a form's own handler: the page stays, and the fields come as text. */
export function submitting(handle: (field: (name: string) => string) => void): (event: SubmitEvent) => void {
  return (event) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    handle((name) => String(data.get(name) ?? ""));
  };
}
