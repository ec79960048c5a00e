import { expect, test } from "vitest";
import { boundsOf, DEFAULT_RANGE, parseRange, rangeQuery, zoomed, zoomedOut } from "./range.ts";

const parsed = (text: string) => parseRange(new URLSearchParams(text));

test.each(["last=5m", "last=24h", "last=7d", "last=1y", "last=10y", "last=90s", "from=1000&to=90000"])(
  "the address %s is kept",
  (text) => {
    expect(new URLSearchParams(rangeQuery(parsed(text))).toString()).toBe(text);
  },
);

test.each(["", "last=", "last=11y", "last=-5m", "last=9999d", "from=5", "from=9&to=3", "from=a&to=b"])(
  "the address “%s” shows the default range",
  (text) => expect(parsed(text)).toEqual(DEFAULT_RANGE),
);

test("a range that ends now moves with the time", () => {
  expect(boundsOf({ kind: "last", seconds: 60 }, 100_000)).toEqual({ from: 40_000, to: 100_000 });
});

test("a live range begins where a young host begins, and shows a minute at least", () => {
  expect(boundsOf({ kind: "last", seconds: 900 }, 1_000_000, 800_000).from).toBe(800_000);
  expect(boundsOf({ kind: "last", seconds: 900 }, 1_000_000, 990_000).from).toBe(940_000);
});

test("zooming in never shows less than ten seconds", () => {
  expect(zoomed({ from: 50_000, to: 50_100 })).toEqual({ kind: "fixed", from: 45_050, to: 55_050 });
});

test("zooming out doubles a range and stops at the present", () => {
  expect(zoomedOut({ kind: "fixed", from: 40_000, to: 60_000 }, 1e6)).toEqual({
    kind: "fixed",
    from: 30_000,
    to: 70_000,
  });
  expect(zoomedOut({ kind: "fixed", from: 40_000, to: 60_000 }, 65_000)).toEqual({
    kind: "fixed",
    from: 25_000,
    to: 65_000,
  });
});

test("zooming out of a live range stays live", () => {
  expect(zoomedOut({ kind: "last", seconds: 900 }, 0)).toEqual({ kind: "last", seconds: 3600 });
});
