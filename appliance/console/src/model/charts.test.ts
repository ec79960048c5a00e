import { describe, expect, test } from "vitest";
import type { Charts } from "../api/types.ts";
import { aligned, appended, goesOn, isEmpty, stacked, statistics, total, withoutQuiet } from "./charts.ts";

const chart = (values: Record<string, (number | null)[]>) => ({
  unit: "ratio",
  series: Object.entries(values).map(([name, list]) => ({ name, values: list })),
});
const charts = (t: number[], values: Record<string, (number | null)[]>): Charts => ({
  level: "raw",
  t,
  charts: { cpu: chart(values) },
  gaps: [],
});

test("charts without a value are empty", () => {
  expect(isEmpty(charts([], {}))).toBe(true);
  expect(isEmpty(charts([1, 2], { user: [null, null] }))).toBe(true);
  expect(isEmpty(charts([1, 2], { user: [null, 0] }))).toBe(false);
});

describe("new ticks", () => {
  test("are added at the end, and what is older than the range goes", () => {
    const next = appended(charts([1, 2, 3], { user: [0.1, 0.2, 0.3] }), charts([4], { user: [0.4] }), 2);
    expect(next).toEqual(charts([2, 3, 4], { user: [0.2, 0.3, 0.4] }));
  });

  test("that are there already are not doubled", () => {
    const next = appended(charts([1, 2], { user: [0.1, 0.2] }), charts([2, 3], { user: [0.9, 0.3] }), 0);
    expect(next).toEqual(charts([1, 2, 3], { user: [0.1, 0.2, 0.3] }));
  });

  test("may bring a series that was not there before, or lack one", () => {
    const next = appended(charts([1], { old: [0.1] }), charts([2], { new: [0.2] }), 0);
    expect(next).toEqual(charts([1, 2], { old: [0.1, null], new: [null, 0.2] }));
  });
});

test("ticks after a pause of more than three intervals do not go on where the charts end", () => {
  const before = charts([1000, 3000], { user: [0.1, 0.2] });
  expect(goesOn(before, charts([9000], { user: [0.3] }), 2000)).toBe(true);
  expect(goesOn(before, charts([9001], { user: [0.3] }), 2000)).toBe(false);
  expect(goesOn(charts([], {}), charts([9001], { user: [0.3] }), 2000)).toBe(true);
});

test("stacking adds upwards, and a gap in all series stays a gap", () => {
  expect(
    stacked([
      [1, null, null],
      [2, 3, null],
    ]),
  ).toEqual([
    [1, null, null],
    [3, 3, null],
  ]);
});

test("the total of no series is empty", () => {
  expect(total([])).toEqual([]);
});

test("lines with different times are put on one grid, and their gaps stay", () => {
  const first = { t: [0, 10, 20, 30, 80, 90], values: [1, 3, 5, 7, 9, 11] };
  const second = { t: [5, 15, 25, 35, 45, 55, 65, 75, 85, 95], values: Array(10).fill(2) };
  const { t, columns } = aligned([first, second], { from: 0, to: 100 }, 100);
  expect(t).toEqual([10, 30, 50, 70, 90]);
  expect(columns).toEqual([
    [2, 6, null, null, 10],
    [2, 2, 2, 2, 2],
  ]);
});

test("of many series those that are always zero are left out, of few none", () => {
  const named = (name: string, ...values: (number | null)[]) => ({ name, values });
  const [busy, quiet, missing] = [named("busy", 0, 1), named("quiet", 0, 0), named("missing", null, null)];
  expect(withoutQuiet([busy, quiet, missing], 2)).toEqual([busy]);
  expect(withoutQuiet([busy, quiet, missing], 3)).toEqual([busy, quiet, missing]);
  expect(withoutQuiet([quiet, missing], 1)).toEqual([quiet]);
});

test("statistics leave out what is missing", () => {
  expect(statistics([1, null, 3])).toEqual({ last: 3, min: 1, mean: 2, max: 3 });
  expect(statistics([null])).toEqual({ last: null, min: null, mean: null, max: null });
});
