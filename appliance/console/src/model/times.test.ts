import { expect, test } from "vitest";
import { DAY_MS, datedSpan, momentWithin, relative, span } from "./times.ts";

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

const NOON = new Date(2026, 0, 2, 12).getTime();

test("a span of hours has times, and one of days has dates", () => {
  expect(span(NOON, NOON + 3_600_000, NOON)).toBe("2 Jan, 12:00:00 – 13:00:00");
  expect(span(NOON, NOON + DAY_MS, NOON)).toBe("2 Jan, 12:00:00 – 3 Jan, 12:00:00");
  expect(span(NOON, NOON + 9 * DAY_MS, NOON)).toBe("2 Jan 2026 – 11 Jan 2026");
  expect(datedSpan(NOON, NOON + 3_600_000)).toBe("2 Jan 2026, 12:00:00 – 13:00:00");
});

test("a span that is not all of this year has its years", () => {
  const later = new Date(2027, 5, 1).getTime();
  expect(span(NOON, NOON + 3_600_000, later)).toBe("2 Jan 2026, 12:00:00 – 13:00:00");
  expect(span(NOON - 2 * DAY_MS, NOON, NOON)).toBe("31 Dec 2025, 12:00:00 – 2 Jan 2026, 12:00:00");
});

test("a moment has its year where that is in doubt", () => {
  expect(momentWithin({ from: NOON - DAY_MS, to: NOON }, NOON)).toBe("2 Jan, 12:00:00");
  expect(momentWithin({ from: NOON - 365 * DAY_MS, to: NOON }, NOON)).toBe("2 Jan 2026, 12:00:00");
});
