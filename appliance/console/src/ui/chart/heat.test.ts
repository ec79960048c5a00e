import { expect, test } from "vitest";
import { levelsOf, spansOf } from "./heat.ts";

test("a moment stands for the pixels half the way to its neighbours", () => {
  expect(spansOf([0, 10, 20], (ms) => ms, 20)).toEqual([
    [0, 5],
    [5, 15],
    [15, 20],
  ]);
});

test("of several values on one pixel the highest stays", () => {
  const spans = [
    [0, 0],
    [0, 0],
    [1, 2],
  ] as const;
  expect([...levelsOf([1, 0.2, 0], spans, 3)]).toEqual([255, 0, -1]);
});

test("a missing value leaves its pixels empty", () => {
  expect([
    ...levelsOf(
      [0, null],
      [
        [0, 1],
        [1, 2],
      ],
      2,
    ),
  ]).toEqual([0, -1]);
});
