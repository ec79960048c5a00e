import { expect, test } from "vitest";
import { keyOf, ofHost, ofMetric, withAttribute } from "./series.ts";

test("a metric is chosen by its name, and in quotes where it is no word", () => {
  expect(ofMetric("system.cpu.time")).toBe("system.cpu.time");
  expect(ofMetric("odd name")).toBe('{__name__="odd name"}');
});

test("quotes and backslashes of a host's name are escaped", () => {
  expect(ofHost('a"b\\c')).toBe('{host="a\\"b\\\\c"}');
});

test("an attribute is chosen by having any value", () => {
  expect(withAttribute("device")).toBe('{device!=""}');
  expect(withAttribute("odd key")).toBe('{"odd key"!=""}');
});

test("the order of attributes makes no other series", () => {
  const series = { host: { id: "1", name: "a" }, metric: "m", first: 0, last: 0 };
  const key = keyOf({ ...series, attributes: { a: "1", b: "2" } });
  expect(keyOf({ ...series, attributes: { b: "2", a: "1" } })).toBe(key);
  expect(keyOf({ ...series, attributes: { a: "1", b: "3" } })).not.toBe(key);
});
