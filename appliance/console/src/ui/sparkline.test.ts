import { expect, test } from "vitest";
import { sparkPath } from "./sparkline.tsx";

test("a missing value interrupts the line", () => {
  const { line } = sparkPath([1, 1, null, 1, 1], 1);
  expect(line).toBe("M0 2L25 2M75 2L100 2");
});

test("the area under each piece is closed at the foot", () => {
  expect(sparkPath([1, 1], 1).area).toBe("M0 2L100 2L100 26L0 26Z");
});

test("nothing but missing values draws nothing", () => {
  expect(sparkPath([null, null], 1)).toEqual({ line: "", area: "" });
});
