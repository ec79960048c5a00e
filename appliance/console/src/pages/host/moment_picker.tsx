import { useEffect, useState } from "preact/hooks";
import { fleet } from "../../model/fleet.ts";
import { localText } from "../../model/times.ts";

interface Props {
  /** The moment that is shown; null for now. */
  at: number | null;
  pinned: boolean;
  /** Null to go back to now, or to the end of the range. */
  onPin(ms: number | null): void;
}

/** Chooses the moment of the process table, as a click on a chart does. */
export function MomentPicker({ at, pinned, onPin }: Props) {
  const [text, setText] = useState("");
  useEffect(() => setText(localText(at ?? fleet.now())), [at]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const ms = new Date(text).getTime();
    if (ms > 0) onPin(ms);
  };
  return (
    <form class="moment-picker" onSubmit={submit}>
      <label>
        <span class="visually-hidden">The moment to show processes of</span>
        <input
          type="datetime-local"
          step="1"
          required
          class="input"
          data-testid="process-moment"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button" data-testid="process-show">
        Show then
      </button>
      {pinned && (
        <button type="button" class="button" data-testid="process-now" onClick={() => onPin(null)}>
          Take the pin out
        </button>
      )}
    </form>
  );
}
