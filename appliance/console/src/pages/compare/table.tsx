import type { ComparedRow, Comparison, Value } from "../../api/types.ts";
import { metricWords } from "../../model/metrics.ts";
import { formatter } from "../../model/units.ts";
import { colourToken } from "../../ui/chart/palette.ts";

/** The latest values side by side; under each, how far it is from the first host's. */
export function ComparedTable({ comparison: { hosts, rows } }: { comparison: Comparison }) {
  return (
    <div class="card compared">
      <table data-testid="compared">
        <caption class="visually-hidden">Latest values</caption>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            {hosts.map(({ id, name }, i) => (
              <th key={id} scope="col" class="name">
                <i class="swatch" style={{ background: `var(--${colourToken(name, i)})` }} /> {name}
                {i > 0 && <small>difference</small>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.metric} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row }: { row: ComparedRow }) {
  // Among the canonical metrics only ratios are pure numbers.
  const show = formatter(row.unit === "1" ? "ratio" : row.unit);
  return (
    <tr>
      <th scope="row">{metricWords(row.metric)}</th>
      {row.values.map((value, i) => (
        <td key={i}>
          {show(value)} {i > 0 && <small>{difference(row.delta[i] ?? null, show)}</small>}
        </td>
      ))}
    </tr>
  );
}

function difference(delta: Value, show: (value: Value) => string): string {
  if (delta === null) return "";
  if (show(Math.abs(delta)) === show(0)) return "same";
  return `${delta > 0 ? "+" : "−"}${show(Math.abs(delta)).replace("%", " pts")}`;
}
