// How the fleet table is sorted, as it stands in the address: `sort=name`, `sort=-cpu` for the highest first. Where
// nothing stands there, hosts in trouble come first.

import type { FleetHost, Status } from "../api/types.ts";
import { troublesOf, type Yardstick } from "./trouble.ts";

export interface Order {
  key: string;
  descending: boolean;
}

export const DEFAULT_ORDER: Order = { key: "trouble", descending: false };

const URGENCY: Readonly<Record<Status, number>> = { down: 0, late: 1, up: 2 };
const DIGITS = 12;

export function parseOrder(text: string | null): Order {
  if (!text) return DEFAULT_ORDER;
  return text.startsWith("-") ? { key: text.slice(1), descending: true } : { key: text, descending: false };
}

export function orderText({ key, descending }: Order): string {
  if (key === DEFAULT_ORDER.key) return "";
  return descending ? `-${key}` : key;
}

/** The order after a click on a column: numbers begin with the highest, a second click turns round, a third lets go. */
export function toggled(order: Order, key: string): Order {
  const first = key !== "name" && key !== "status";
  if (order.key !== key) return { key, descending: first };
  return order.descending === first ? { key, descending: !first } : DEFAULT_ORDER;
}

/** Compare hosts; those without the value come last either way, and names decide between equals. */
export function comparator(order: Order, yardstick: Yardstick): (a: FleetHost, b: FleetHost) => number {
  const measure = valueGetter(order.key, yardstick);
  const sign = order.descending ? -1 : 1;
  if (measure === null) return (a, b) => sign * byName(a, b);
  return (a, b) => {
    const left = measure(a);
    const right = measure(b);
    if (left === right) return byName(a, b);
    if (left === null) return 1;
    if (right === null) return -1;
    return sign * (left - right);
  };
}

const nameKeys = new Map<string, string>();

/** Names as people count them, web-2 before web-10. A thousand are sorted every second, too often for a collator. */
function byName(a: FleetHost, b: FleetHost): number {
  const left = nameKey(a.name);
  const right = nameKey(b.name);
  return left < right ? -1 : left > right ? 1 : 0;
}

function nameKey(name: string): string {
  let key = nameKeys.get(name);
  if (key === undefined) {
    key = name.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(DIGITS, "0"));
    nameKeys.set(name, key);
  }
  return key;
}

/** Silent hosts first, then those at a limit. */
function urgency(host: FleetHost, yardstick: Yardstick): number {
  return URGENCY[host.status] - (troublesOf(host, yardstick).length > 0 ? 0.5 : 0);
}

/** Sorting asks for each host many times. */
function remembered(measure: (host: FleetHost) => number): (host: FleetHost) => number {
  const known = new Map<FleetHost, number>();
  return (host) => {
    const found = known.get(host) ?? measure(host);
    known.set(host, found);
    return found;
  };
}

function valueGetter(key: string, yardstick: Yardstick): ((host: FleetHost) => number | null) | null {
  if (key === "status") return (host) => URGENCY[host.status];
  if (key === "trouble") return remembered((host) => urgency(host, yardstick));
  if (key === "last_seen") return (host) => host.last_seen;
  const index = yardstick.metrics.indexOf(key);
  return index < 0 ? null : (host) => host.values[index] ?? null;
}
