import { expect, test } from "vitest";
import type { Charts } from "../../api/types.ts";
import { type ChartSpec, isShown, zeroWords } from "./specs.ts";

const SWAP: ChartSpec = { id: "swap", title: "Swap", unlessZero: "No swap in use", culprit: "memory" };
const charts = (...values: number[][]): Charts => ({
  level: "raw",
  t: [1, 2],
  charts: { swap: { unit: "By", series: values.map((each, i) => ({ name: String(i), values: each })) } },
  gaps: [],
});

test("where all is zero, words stand in for the chart", () => {
  expect([isShown(SWAP, charts([0, 0])), zeroWords(SWAP, charts([0, 0]))]).toEqual([false, "No swap in use"]);
  expect([isShown(SWAP, charts([0, 1])), zeroWords(SWAP, charts([0, 1]))]).toEqual([true, ""]);
});

test("where nothing was measured, nothing is said", () => {
  expect([isShown(SWAP, charts()), zeroWords(SWAP, charts())]).toEqual([false, ""]);
});
