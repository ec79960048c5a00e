import { beforeEach, expect, test, vi } from "vitest";
import { fleetOf, host } from "./fixtures.ts";
import { FleetStore } from "./fleet.ts";

let store: FleetStore;

beforeEach(() => {
  store = new FleetStore();
  store.replace(fleetOf([host({ id: "a", spark: { cpu: [100, 200] } }), host({ id: "b" })]));
});

const event = (changes: object) => ({ ...fleetOf([]), hosts: [], ...changes });
const change = (id: string, cpu: number) => ({ id, status: "up" as const, last_seen: 5, values: [cpu] });

test("an event changes the hosts that it names, and no others", () => {
  const untouched = store.host("b")?.value;
  store.apply(event({ hosts: [change("a", 0.9)] }));
  expect(store.host("a")?.value.values).toEqual([0.9]);
  expect(store.host("b")?.value).toBe(untouched);
});

test("the newest slot of a sparkline follows the latest value until its time is over", () => {
  store.apply(event({ hosts: [change("a", 0.9)] }));
  expect(store.host("a")?.value.spark.cpu).toEqual([0.1, 0.9]);
  store.apply(event({ now: 110_000, hosts: [change("a", 0.4)] }));
  expect(store.host("a")?.value.spark.cpu).toEqual([0.1, 0.9, 0.4]);
});

test("sparklines come as multiples of a unit", () => {
  expect(store.host("a")?.value.spark.cpu).toEqual([0.1, 0.2]);
});

test("a host that no longer exists goes with the next load", () => {
  store.replace(fleetOf([host({ id: "b" })]));
  expect(store.hosts.value.map(({ id }) => id)).toEqual(["b"]);
});

test("an event about an unknown host loads the fleet again", () => {
  const load = vi.spyOn(store, "load").mockResolvedValue();
  store.apply(event({ hosts: [change("new", 0.1)] }));
  expect(load).toHaveBeenCalledOnce();
});
