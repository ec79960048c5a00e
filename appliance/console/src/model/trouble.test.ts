import { expect, test } from "vitest";
import { host, METRICS } from "./fixtures.ts";
import { closestToLimit, troubles } from "./trouble.ts";

const YARDSTICK = { metrics: METRICS, nowMs: 1_000_000, slotMs: 10_000 };
const kinds = (...hosts: Parameters<typeof host>[0][]) =>
  troubles(hosts.map(host), YARDSTICK).map(({ host, words }) => `${host.id} ${words}`);

test("silent hosts come first, and of them the one that fell silent last", () => {
  const found = kinds(
    { id: "full", values: [0.5, 0.5, 0.97, 0, 0] },
    { id: "late", status: "late" },
    { id: "old", status: "down", last_seen: 1000 },
    { id: "new", status: "down", last_seen: 2000 },
    { id: "fine" },
  );
  expect(found).toEqual(["new down", "old down", "late late", "full disk 97%"]);
});

test("a busy processor is trouble only after a minute", () => {
  const busy = (slots: number) => ({
    values: [0.99, 0, 0, 0, 0],
    spark: { cpu: [0, ...Array(slots).fill(0.99)] },
  });
  expect(troubles([host(busy(5))], YARDSTICK)).toEqual([]);
  expect(troubles([host(busy(6))], YARDSTICK)[0]?.sinceMs).toBe(940_000);
});

test("a slot without a tick neither ends trouble nor begins it", () => {
  const full = host({ values: [0, 0.95, 0, 0, 0], spark: { memory: [null, 0.2, null, 0.95, null] } });
  expect(troubles([full], YARDSTICK)[0]?.sinceMs).toBe(980_000);
});

test("what began before the history did has no beginning", () => {
  const full = host({ values: [0, 0.95, 0, 0, 0], spark: { memory: [0.95, 0.95] } });
  expect(troubles([full], YARDSTICK)[0]?.sinceMs).toBeNull();
});

test("without trouble, someone is closest to it", () => {
  const hosts = [host({ id: "a" }), host({ id: "b", values: [0.1, 0.8, 0.3, 0, 0] })];
  expect(closestToLimit(hosts, METRICS)).toMatchObject({ words: "memory", ratio: 0.8 });
});
