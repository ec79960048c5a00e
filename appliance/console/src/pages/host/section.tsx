import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { Charts } from "../../api/types.ts";
import type { Bounds } from "../../model/range.ts";
import type { ChartActions } from "../../ui/chart/options.ts";
import type { Mark } from "../../ui/chart/overlays.ts";
import { ChartCard } from "./chart_card.tsx";
import { type Culprit, isShown, type SectionSpec, zeroWords } from "./specs.ts";

export interface SectionProps {
  section: SectionSpec;
  charts: Charts;
  bounds: Bounds;
  pinned: number | null;
  hovered: Signal<number | null>;
  actionsFor(who: Culprit): ChartActions;
  /** Ends of scales by chart. */
  limits: Readonly<Record<string, number | undefined>>;
  /** Lines to compare with by chart. */
  marks: Readonly<Record<string, Mark | undefined>>;
  children?: ComponentChildren;
}

export function Section({ section, charts, limits, marks, children, ...shared }: SectionProps) {
  const specs = section.charts.filter((spec) => isShown(spec, charts));
  const zero = section.charts.map((spec) => zeroWords(spec, charts)).filter(Boolean);
  return (
    <section id={section.id} class="host-section" aria-labelledby={`${section.id}-title`}>
      <h2 id={`${section.id}-title`}>
        {section.title} {zero.length > 0 && <small>{zero.join(", ")}</small>}
      </h2>
      <div class="chart-grid">
        {specs.map((spec) => (
          <ChartCard
            key={spec.id}
            spec={spec}
            charts={charts}
            top={limits[spec.id]}
            mark={marks[spec.id]}
            {...shared}
          />
        ))}
      </div>
      {children}
    </section>
  );
}
