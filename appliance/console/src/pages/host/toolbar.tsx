import { useEffect, useState } from "preact/hooks";
import type { Bounds, Range } from "../../model/range.ts";
import { RangePicker } from "../../ui/range_picker.tsx";
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
  return (
    <div class="toolbar" aria-busy={loading}>
      <SectionNav sections={sections} />
      <RangePicker range={range} bounds={bounds} onRange={onRange} />
    </div>
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
