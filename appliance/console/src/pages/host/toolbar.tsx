import { useEffect, useState } from "preact/hooks";
import { type Bounds, PRESETS, type Range } from "../../model/range.ts";
import { clock, moment } from "../../model/units.ts";
import type { SectionSpec } from "./specs.ts";

interface Props {
  sections: readonly SectionSpec[];
  range: Range;
  bounds: Bounds;
  loading: boolean;
  onRange(range: Range): void;
}

/** Stays in sight: where on the page, and which time. */
export function Toolbar({ sections, range, bounds, loading, onRange }: Props) {
  const [custom, setCustom] = useState(false);
  return (
    <div class="toolbar" aria-busy={loading}>
      <SectionNav sections={sections} />
      <div class="toolbar-range">
        {range.kind === "fixed" && (
          <FixedRange bounds={bounds} onLive={() => onRange({ kind: "last", seconds: 900 })} />
        )}
        <fieldset class="segments" aria-label="Time range">
          {PRESETS.map(({ name, seconds, words }) => (
            <button
              key={name}
              type="button"
              title={`The last ${words}`}
              data-testid={`range-${name}`}
              aria-pressed={range.kind === "last" && range.seconds === seconds}
              onClick={() => onRange({ kind: "last", seconds })}
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
        {custom && (
          <CustomRange
            bounds={bounds}
            onRange={(chosen) => {
              setCustom(false);
              onRange(chosen);
            }}
          />
        )}
      </div>
    </div>
  );
}

function FixedRange({ bounds, onLive }: { bounds: Bounds; onLive(): void }) {
  return (
    <>
      <span class="fixed-range" data-testid="fixed-range">
        {moment(bounds.from)} – {clock(bounds.to)}
      </span>
      <button type="button" class="button" data-testid="back-to-live" onClick={onLive}>
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

/** The form in which the browser's own input takes local time. */
function localText(ms: number): string {
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function SectionNav({ sections }: { sections: readonly SectionSpec[] }) {
  const ids = sections.map(({ id }) => id);
  const current = useSectionInSight(ids);
  return (
    <nav class="section-nav" aria-label="Sections">
      {sections.map(({ id, title }) => (
        <a key={id} href={`#${id}`} aria-current={id === current ? "true" : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

/** The section that is read at present: the last whose heading has passed under the toolbar. */
function useSectionInSight(ids: readonly string[]): string {
  const [current, setCurrent] = useState(ids[0] ?? "");
  useEffect(() => {
    const look = () => {
      const passed = ids.filter(
        (id) => (document.getElementById(id)?.getBoundingClientRect().top ?? 1e9) < innerHeight / 3,
      );
      setCurrent(passed.at(-1) ?? ids[0] ?? "");
    };
    look();
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, [ids.join()]);
  return current;
}
