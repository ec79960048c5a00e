import { expect, test } from "vitest";
import { ago, bytes, count, duration, formatter, percent } from "./units.ts";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.00 KiB"],
  [1.5 * 2 ** 30, "1.50 GiB"],
  [100 * 2 ** 20, "100 MiB"],
  [null, "–"],
])("%s bytes are written %s", (value, text) => expect(bytes(value)).toBe(text));

test.each([
  [0, "0%"],
  [0.004, "0.4%"],
  [0.0996, "10%"],
  [0.0004, "0%"],
  [0.5, "50%"],
  [1.6, "160%"],
])("the ratio %s is written %s", (value, text) => expect(percent(value)).toBe(text));

test.each([
  [0, "0s"],
  [59, "59s"],
  [200, "3m 20s"],
  [3600, "1h"],
  [90_000, "1d 1h"],
])("%s seconds are written %s", (value, text) => expect(duration(value)).toBe(text));

test.each([
  [500, "now"],
  [9000, "9s ago"],
  [754_000, "12m ago"],
])("%s milliseconds ago are written %s", (value, text) => expect(ago(value)).toBe(text));

test("large counts are shortened, small whole ones are not", () => {
  expect([count(9999), count(12_345), count(2.5)]).toEqual(["9999", "12.3k", "2.50"]);
});

test("a rate of anything ends with its unit of time", () => {
  expect([formatter("By/s")(2048), formatter("{packet}/s")(3)]).toEqual(["2.00 KiB/s", "3/s"]);
});
