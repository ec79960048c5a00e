// The box beside the cursor: the moment and every value at it, the highest first.

import type uPlot from "uplot";
import type { Gap } from "../../api/types.ts";
import { gapAt } from "../../model/charts.ts";
import { reasonInWords } from "../../model/ledger.ts";
import type { Bounds } from "../../model/range.ts";
import { momentWithin } from "../../model/times.ts";
import { formatter } from "../../model/units.ts";
import type { ColouredSeries } from "./palette.ts";

const MOST_ROWS = 12;
const MARGIN = 14;

export interface TooltipContent {
  unit: string;
  series: readonly ColouredSeries[];
  gaps: readonly Gap[];
  bounds: Bounds;
}

/** A uPlot plugin. `content` is asked at each move, so the chart's data may change under the cursor. */
export function tooltip(content: () => TooltipContent): uPlot.Plugin {
  const box = document.createElement("div");
  box.className = "chart-tooltip";
  box.hidden = true;
  let inside = false;
  return {
    hooks: {
      init: (u) => {
        u.root.append(box);
        u.over.addEventListener("mouseenter", () => {
          inside = true;
        });
        u.over.addEventListener("mouseleave", () => {
          inside = false;
          box.hidden = true;
        });
      },
      setCursor: (u) => {
        const { left = -1, idx } = u.cursor;
        // A chart whose cursor follows another's shows values in its legend, not in a box of its own.
        box.hidden = !inside || left < 0;
        if (box.hidden) return;
        fill(box, u, content(), idx ?? null);
        place(box, u, left);
      },
    },
  };
}

function fill(
  box: HTMLElement,
  u: uPlot,
  { unit, series, gaps, bounds }: TooltipContent,
  index: number | null,
): void {
  const ms = u.posToVal(u.cursor.left ?? 0, "x");
  const gap = gapAt(gaps, ms);
  const time = gap || index === null ? ms : (u.data[0][index] ?? ms);
  box.replaceChildren(element("div", "chart-tooltip-time", momentWithin(bounds, time)));
  if (gap) box.append(element("div", "chart-tooltip-gap", `No data: ${reasonInWords(gap.reason)}`));
  else if (index !== null) box.append(...rows(unit, series, index));
}

function rows(unit: string, series: readonly ColouredSeries[], index: number): HTMLElement[] {
  const show = formatter(unit);
  const present = series
    .map(({ name, values, token }) => ({ name, value: values[index] ?? null, token }))
    .filter((row): row is typeof row & { value: number } => row.value !== null)
    .sort((a, b) => b.value - a.value);
  const shown = present.slice(0, MOST_ROWS).map(({ name, value, token }) => {
    const row = element("div", "chart-tooltip-row");
    const swatch = element("i", "swatch");
    swatch.style.background = `var(--${token})`;
    row.append(swatch, element("span", "", name), element("b", "", show(value)));
    return row;
  });
  const rest = present.length - shown.length;
  return rest > 0 ? [...shown, element("div", "chart-tooltip-more", `and ${rest} more`)] : shown;
}

/** Beside the cursor, on the side with more room. */
function place(box: HTMLElement, u: uPlot, left: number): void {
  const cursor = u.over.offsetLeft + left;
  const right = left > u.over.clientWidth / 2;
  const x = right ? cursor - box.offsetWidth - MARGIN : cursor + MARGIN;
  box.style.transform = `translate(${Math.round(x)}px, ${u.over.offsetTop + 6}px)`;
}

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
