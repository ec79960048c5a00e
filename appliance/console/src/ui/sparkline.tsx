import type { Value } from "../api/types.ts";

const WIDTH = 100;
const HEIGHT = 26;

interface Props {
  /** One line per list; all share one scale that begins at zero. */
  lines: readonly (readonly Value[])[];
  /** The scale's end, at least. */
  top: number;
  colours: readonly string[];
  words: string;
}

/** The course of a value at a glance; its number stands beside it. */
export function Sparkline({ lines, top, colours, words }: Props) {
  const highest = Math.max(top, ...lines.flatMap((line) => line.map((value) => value ?? 0)));
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={words}
    >
      {lines.map((line, i) => {
        const path = sparkPath(line, highest);
        const colour = `var(--${colours[i]})`;
        return (
          <g key={colours[i]}>
            <path class="area" d={path.area} style={{ fill: colour }} />
            <path d={path.line} style={{ stroke: colour }} />
          </g>
        );
      })}
    </svg>
  );
}

/** Paths of the line and of the area under it; a missing value interrupts both. */
export function sparkPath(values: readonly Value[], highest: number): { line: string; area: string } {
  const step = WIDTH / Math.max(1, values.length - 1);
  let line = "";
  let area = "";
  let start = -1;
  const close = (end: number) => {
    if (start >= 0) area += `L${x(end)} ${HEIGHT}L${x(start)} ${HEIGHT}Z`;
    start = -1;
  };
  const x = (i: number) => round(i * step);
  values.forEach((value, i) => {
    if (value === null) {
      close(i - 1);
      return;
    }
    const point = `${start < 0 ? "M" : "L"}${x(i)} ${round(HEIGHT - (value / highest) * (HEIGHT - 2))}`;
    if (start < 0) start = i;
    line += point;
    area += point;
  });
  close(values.length - 1);
  return { line, area };
}

const round = (value: number) => Math.round(value * 10) / 10;
