import { expect, test } from "vitest";
import { axisLabel, scaleEnd, timeLabel } from "./axes.ts";

const at = (text: string) => new Date(`2026-11-24T${text}`).getTime();

test("times are written on 24 hours, with seconds only where they differ", () => {
  expect(timeLabel(at("14:05:00"), [at("14:05:00"), at("14:06:00")], 0)).toBe("14:05");
  expect(timeLabel(at("14:05:10"), [at("14:05:10"), at("14:05:20")], 0)).toBe("14:05:10");
});

test("a midnight inside the range shows its date", () => {
  const times = [at("00:00:00") - 3_600_000, at("00:00:00")];
  expect(timeLabel(at("00:00:00"), times, 1)).toBe("24 Nov");
});

test("labels of one axis look alike", () => {
  expect([0, 2500, 5000, 10_000].map((value) => axisLabel("1/s", value))).toEqual([
    "0/s",
    "2.5k/s",
    "5k/s",
    "10k/s",
  ]);
  expect([0.2, 0.4, 0.6000000000000001].map((value) => axisLabel("1", value))).toEqual(["0.2", "0.4", "0.6"]);
});

test("a ratio's scale reaches ten percent at least, and ends at a hundred", () => {
  expect([scaleEnd("ratio", 0.001), scaleEnd("ratio", 0.99), scaleEnd("ratio", 1.3)]).toEqual([0.1, 1, 1.3]);
});
