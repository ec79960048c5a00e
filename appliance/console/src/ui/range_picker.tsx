// Chooses the time range of a page: presets that end now, or two moments.

import { useState } from "preact/hooks";
import { fleet } from "../model/fleet.ts";
import { type Bounds, DEFAULT_RANGE, PRESETS, type Range, zoomedOut } from "../model/range.ts";
import { localText, span } from "../model/times.ts";

interface Props {
  range: Range;
  bounds: Bounds;
  onRange(range: Range): void;
}

export function RangePicker({ range, bounds, onRange }: Props) {
  const [custom, setCustom] = useState(false);
  const choose = (chosen: Range) => {
    setCustom(false);
    onRange(chosen);
  };
  return (
    <div class="range-picker">
      {range.kind === "fixed" && <FixedRange bounds={bounds} onRange={choose} />}
      <fieldset class="segments" aria-label="Time range">
        {PRESETS.map(({ name, seconds, words }) => (
          <button
            key={name}
            type="button"
            title={`The last ${words}`}
            data-testid={`range-${name}`}
            aria-pressed={range.kind === "last" && range.seconds === seconds}
            onClick={() => choose({ kind: "last", seconds })}
          >
            {name}
          </button>
        ))}
        <button
          type="button"
          data-testid="range-custom"
          aria-pressed={range.kind === "fixed"}
          aria-expanded={custom}
          onClick={() => setCustom(!custom)}
        >
          Custom
        </button>
      </fieldset>
      {custom && <CustomRange bounds={bounds} onRange={choose} />}
    </div>
  );
}

function FixedRange({ bounds, onRange }: { bounds: Bounds; onRange(range: Range): void }) {
  const wider = () => onRange(zoomedOut({ kind: "fixed", ...bounds }, fleet.now()));
  return (
    <>
      <span class="fixed-range" data-testid="fixed-range">
        {span(bounds.from, bounds.to, fleet.now())}
      </span>
      <button type="button" class="button" data-testid="zoom-out" onClick={wider}>
        Zoom out
      </button>
      <button type="button" class="button" data-testid="back-to-live" onClick={() => onRange(DEFAULT_RANGE)}>
        Back to live
      </button>
    </>
  );
}

function CustomRange({ bounds, onRange }: { bounds: Bounds; onRange(range: Range): void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const [from, to] = ["from", "to"].map((name) => new Date(String(form.get(name))).getTime());
    if (from !== undefined && to !== undefined && to > from) onRange({ kind: "fixed", from, to });
  };
  return (
    <form class="card custom-range" data-testid="custom-range" onSubmit={submit}>
      {(["from", "to"] as const).map((name) => (
        <label key={name}>
          {name === "from" ? "From" : "To"}
          <input type="datetime-local" name={name} step="1" required defaultValue={localText(bounds[name])} />
        </label>
      ))}
      <button type="submit" class="button primary">
        Show
      </button>
    </form>
  );
}
