import { useEffect, useState } from "preact/hooks";
import type { Level } from "../../api/types.ts";
import type { Bounds, Range } from "../../model/range.ts";
import { RangePicker } from "../../ui/range_picker.tsx";
import type { SectionSpec } from "./specs.ts";

interface Props {
  sections: readonly SectionSpec[];
  range: Range;
  bounds: Bounds;
  loading: boolean;
  /** Null until charts are here. */
  level: Level | null;
  onRange(range: Range): void;
}

/** Stays in sight: where on the page, and which time. */
export function Toolbar({ sections, range, bounds, loading, level, onRange }: Props) {
  return (
    <div class="toolbar" aria-busy={loading}>
      <SectionNav sections={sections} />
      {level && <LevelNote level={level} />}
      <RangePicker range={range} bounds={bounds} onRange={onRange} />
    </div>
  );
}

const LEVELS: Readonly<Record<Level, readonly [words: string, title: string]>> = {
  raw: ["from ticks", "Every point comes from ticks as they were collected."],
  minute: ["from minutes", "The range is long: every point comes from what minutes of ticks come to."],
  hour: ["from hours", "The range is very long: every point comes from what hours of ticks come to."],
};

function LevelNote({ level }: { level: Level }) {
  const [words, title] = LEVELS[level];
  return (
    <span class="level-note" title={title} data-testid="level">
      {words}
    </span>
  );
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
