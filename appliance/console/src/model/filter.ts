// The filter box: `role=db env!=dev cpu>80 web`. Terms stand beside each other and must all hold.
//
//   key=value, key!=value   a label, or one of status, name, tag, simulated
//   metric>number, <, >=, <= the latest value; ratios in percent, sizes with K, M, G or T (powers of 1024)
//   anything else           text in the name, the labels or the tags

import type { FleetHost } from "../api/types.ts";

export type Predicate = (host: FleetHost) => boolean;

export interface Filter {
  matches: Predicate;
  /** A sentence for each term that can't be understood. */
  faults: readonly string[];
}

const ALIASES: Readonly<Record<string, string>> = {
  mem: "memory",
  disk: "filesystem",
  fs: "filesystem",
  load: "load1",
  temp: "temperature",
  rx: "net_receive",
  tx: "net_transmit",
};

/** Metrics that are ratios; people write and read them in percent. */
const RATIOS = new Set([
  "cpu",
  "iowait",
  "memory",
  "swap",
  "filesystem",
  "disk_busy",
  "pressure_cpu",
  "pressure_memory",
  "pressure_io",
]);

const MULTIPLES: Readonly<Record<string, number>> = {
  "": 1,
  "%": 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  ">": (a, b) => a > b,
  "<": (a, b) => a < b,
  ">=": (a, b) => a >= b,
  "<=": (a, b) => a <= b,
};

export function parseFilter(text: string, metrics: readonly string[]): Filter {
  const predicates: Predicate[] = [];
  const faults: string[] = [];
  for (const term of text.split(/[\s,]+/).filter(Boolean)) {
    const parsed = parseTerm(term, metrics);
    if (typeof parsed === "string") faults.push(parsed);
    else predicates.push(parsed);
  }
  return { matches: (host) => predicates.every((holds) => holds(host)), faults };
}

function parseTerm(term: string, metrics: readonly string[]): Predicate | string {
  const [, key = "", operator = "", value = ""] = /^([\w.-]+)(>=|<=|!=|=|>|<)(.*)$/.exec(term) ?? [];
  if (!operator) return containing(term.toLowerCase());
  if (operator === "=" || operator === "!=") return equal(key, value, operator === "=");
  return comparison(key, operator, value, metrics);
}

function containing(text: string): Predicate {
  return (host) => searchable(host).includes(text);
}

function searchable(host: FleetHost): string {
  const labels = Object.entries(host.labels).map(([key, value]) => `${key}=${value}`);
  return [host.name, host.id, ...labels, ...host.tags].join(" ").toLowerCase();
}

function equal(key: string, value: string, wanted: boolean): Predicate {
  return (host) => fieldOf(host, key).includes(value) === wanted;
}

function fieldOf(host: FleetHost, key: string): readonly string[] {
  if (key === "status") return [host.status];
  if (key === "name") return [host.name];
  if (key === "tag") return host.tags;
  if (key === "simulated") return [String(host.simulated)];
  const label = host.labels[key];
  return label === undefined ? [] : [label];
}

function comparison(
  key: string,
  operator: string,
  text: string,
  metrics: readonly string[],
): Predicate | string {
  const name = ALIASES[key] ?? key;
  const index = metrics.indexOf(name);
  if (index < 0) return `No metric is called “${key}”.`;
  const [, amount, multiple] = /^(\d+(?:\.\d+)?)([%kmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  if (amount === undefined) return `“${key}${operator}” needs a number after it.`;
  const limit =
    (Number(amount) * (MULTIPLES[(multiple ?? "").toLowerCase()] ?? 1)) / (RATIOS.has(name) ? 100 : 1);
  const holds = COMPARISONS[operator];
  return (host) => {
    const value = host.values[index];
    return typeof value === "number" && holds !== undefined && holds(value, limit);
  };
}
