import { expect, test } from "vitest";
import { rowWindow } from "./window.ts";

test("only rows near the screen exist, and the others leave their room", () => {
  const shown = rowWindow(1000, 50, 10_000, 900);
  expect(shown).toEqual({ first: 194, end: 224, above: 9700, below: 38_800 });
});

test("a short list is shown whole", () => {
  expect(rowWindow(3, 50, -200, 900)).toEqual({ first: 0, end: 3, above: 0, below: 0 });
});

test("scrolled beyond its end, a list that became shorter shows nothing impossible", () => {
  expect(rowWindow(5, 50, 10_000, 900)).toEqual({ first: 5, end: 5, above: 250, below: 0 });
});
