import { expect, test } from "vitest";
import { DAY_MS, relative } from "./times.ts";

const NOW = 1_795_000_000_000;

test("what has been is so long ago", () => {
  expect(relative(NOW - 90_000, NOW)).toBe("1m ago");
});

test("what comes is two units away, as long as the second one matters", () => {
  expect(relative(NOW + 90_000, NOW)).toBe("in 1m 30s");
  expect(relative(NOW + 3 * DAY_MS, NOW)).toBe("in 3d");
  expect(relative(NOW + 340.6 * DAY_MS, NOW)).toBe("in 340d");
  expect(relative(NOW + 3650 * DAY_MS, NOW)).toBe("in 9y");
});
