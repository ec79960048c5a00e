import type { ChartSeries } from "../../api/types.ts";
import { statistics } from "../../model/charts.ts";
import { formatter } from "../../model/units.ts";

const HEADINGS = ["Series", "Now", "Least", "Mean", "Most"];

/** A chart's series in numbers. */
export function Numbers({
  series,
  unit,
  title,
}: {
  series: readonly ChartSeries[];
  unit: string;
  title: string;
}) {
  const show = formatter(unit);
  return (
    <div class="numbers-box">
      <table class="numbers">
        <caption class="visually-hidden">{title}</caption>
        <thead>
          <tr>
            {HEADINGS.map((word) => (
              <th key={word} scope="col">
                {word}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {series.map(({ name, values }) => {
            const { last, min, mean, max } = statistics(values);
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{show(last)}</td>
                <td>{show(min)}</td>
                <td>{show(mean)}</td>
                <td>{show(max)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
