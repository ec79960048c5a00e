import { expect, test } from "vitest";
import { host, METRICS } from "./fixtures.ts";
import { comparator, orderText, parseOrder, toggled } from "./order.ts";

const sorted = (text: string, hosts: ReturnType<typeof host>[]) =>
  [...hosts]
    .sort(comparator(parseOrder(text), { metrics: METRICS, nowMs: 0, slotMs: 10_000 }))
    .map(({ id }) => id);

test("names are sorted as people count: web-2 before web-10", () => {
  expect(sorted("name", [host({ id: "web-10" }), host({ id: "web-2" })])).toEqual(["web-2", "web-10"]);
});

test("hosts without the value come last in both directions", () => {
  const hosts = [
    host({ id: "none", values: [null] }),
    host({ id: "low", values: [0.1] }),
    host({ id: "high", values: [0.9] }),
  ];
  expect(sorted("-cpu", hosts)).toEqual(["high", "low", "none"]);
  expect(sorted("cpu", hosts)).toEqual(["low", "high", "none"]);
});

test("sorting by status begins with those that are down", () => {
  const hosts = [host({ id: "a" }), host({ id: "b", status: "down" }), host({ id: "c", status: "late" })];
  expect(sorted("status", hosts)).toEqual(["b", "c", "a"]);
});

test("without a choice, hosts in trouble come first", () => {
  const full = host({ id: "z", values: [0.1, 0.99, 0.1] });
  expect(sorted("", [host({ id: "a" }), full, host({ id: "b", status: "down" })])).toEqual(["b", "z", "a"]);
});

test("a column begins with the highest, turns round at the second click, and lets go at the third", () => {
  const first = toggled(parseOrder(null), "cpu");
  expect(orderText(first)).toBe("-cpu");
  const second = toggled(first, "cpu");
  expect(orderText(second)).toBe("cpu");
  expect(orderText(toggled(second, "cpu"))).toBe("");
});
