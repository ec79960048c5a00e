import { expect, test } from "vitest";
import type { Check, Damaged, Forecast, Storage } from "../api/storage.ts";
import {
  basisWords,
  bytesPerSample,
  checkWords,
  concerns,
  forecastSeries,
  isPending,
  keptBytes,
  keptSince,
  unreadable,
} from "./storage.ts";
import { DAY_MS } from "./times.ts";

const NOW = Date.UTC(2026, 10, 24, 12);

const kept = {
  segments: 1,
  local_bytes: 0,
  ticks: 1,
  bytes_per_sample: null,
  to: NOW,
  days: 30,
  max_bytes: 0,
};

function storage(changes: Partial<Storage> = {}): Storage {
  return {
    head: { batches: 3, bytes: 100, file_bytes: 200, from: NOW - 3600, to: NOW },
    kinds: [
      { ...kept, kind: "raw", bytes: 600, samples: 1000, from: NOW - DAY_MS },
      { ...kept, kind: "minute", bytes: 150, samples: 400, from: NOW - 9 * DAY_MS },
      { ...kept, kind: "hour", bytes: 50, samples: 10, from: null },
      { ...kept, kind: "tables", bytes: 900, samples: 0, from: NOW - DAY_MS },
    ],
    disk: { folder: "/var/lib/sysmon", total: 1e12, free: 5e11 },
    object_store: null,
    working: null,
    damaged: [],
    last_seal: null,
    last_merge: null,
    failure: null,
    rules: [],
    changed: null,
    ...changes,
  };
}

function damaged(changes: Partial<Damaged> = {}): Damaged {
  return { name: "a", kind: "raw", from: NOW - DAY_MS, to: NOW, hosts: 4, found: NOW, ...changes };
}

function forecast(changes: Partial<Forecast> = {}): Forecast {
  return {
    now: NOW,
    basis_days: 3,
    points: [{ t: NOW, head: 1, raw: 2, minute: 3, hour: 4, tables: 5, total: 15 }],
    per_day: { raw: 1, minute: 1, hour: 1, tables: 1 },
    in_a_year: 100,
    disk_full: null,
    samples_per_day: 10,
    ...changes,
  };
}

test("storage that is well concerns nobody", () => {
  expect(concerns(storage(), forecast(), NOW)).toEqual([]);
});

test("what is worse comes first", () => {
  const failure = { since: NOW - 60_000, problem: "The disk is full.", hint: "df" };
  const object_store = { url: "s3://history", reachable: false };
  const found = concerns(storage({ failure, object_store, changed: NOW - 60_000 }), forecast(), NOW);
  expect(found.map(({ words }) => words)).toEqual([
    "Segments could not be written for 1m",
    "The object store does not answer",
    "Retention was changed 1m ago",
  ]);
});

test.each([
  [90, []],
  [40, ["warn"]],
  [10, ["bad"]],
  [-1, ["bad"]],
])("a disk that is full in %s days is %s", (days, tones) => {
  const found = concerns(storage(), forecast({ disk_full: NOW + days * DAY_MS }), NOW);
  expect(found.map(({ tone }) => tone)).toEqual(tones);
});

test("a store that was not asked yet is no concern", () => {
  expect(concerns(storage({ object_store: { url: "s3://history", reachable: null } }), null, NOW)).toEqual(
    [],
  );
});

test("what cannot be read is said with kinds, hosts and times", () => {
  const words = unreadable([damaged({ kind: "hour", from: NOW - 30 * DAY_MS }), damaged({ hosts: 7 })]);
  expect(words).toBe("History (ticks, hours) of 7 hosts, 25 Oct 2026 – 24 Nov 2026, cannot be read in full");
});

test("the head weighs as much as its file", () => {
  expect(keptBytes(storage())).toBe(200 + 600 + 150 + 50 + 900);
});

test("history begins with the oldest of any kind", () => {
  expect(keptSince(storage())).toBe(NOW - 9 * DAY_MS);
});

test("a sample costs its rollups too, and no process table", () => {
  expect(bytesPerSample(storage())).toBe(0.8);
});

test("without samples there is no price of one", () => {
  expect(bytesPerSample(storage({ kinds: [] }))).toBeNull();
});

test("what stays longest is drawn lowest", () => {
  expect(forecastSeries(forecast()).map(({ name, values }) => [name, values[0]])).toEqual([
    ["Hours", 4],
    ["Minutes", 3],
    ["Process tables", 5],
    ["Ticks", 2],
    ["Head", 1],
  ]);
});

test("a forecast is told from history once there is a day of it", () => {
  expect(basisWords(forecast())).toBe("Told from 3 days of history, in which a day took 4 B.");
  expect(basisWords(forecast({ basis_days: 0.01 }))).toBe(
    "Told from figures of other fleets, until there is a day of history; by them a day takes 4 B.",
  );
});

test("a forecast of nothing says so", () => {
  const per_day = { raw: 0, minute: 0, hour: 0, tables: 0 };
  expect(basisWords(forecast({ basis_days: 0, per_day }))).toContain("hardly any history yet");
});

test("a job is pending until it begins, and not for long", () => {
  const asked = { job: "seal", atMs: NOW } as const;
  expect(isPending(asked, null, NOW + 1000)).toBe(true);
  expect(isPending(asked, NOW - 5000, NOW + 1000)).toBe(true);
  expect(isPending(asked, NOW + 500, NOW + 1000)).toBe(false);
  expect(isPending(asked, null, NOW + 60_000)).toBe(false);
  expect(isPending(null, null, NOW)).toBe(false);
});

test.each<[Partial<Check>, string]>([
  [{ state: "never" }, "Segments were never checked."],
  [{}, "1 segment checked, none damaged."],
  [{ damaged: ["a"], unread: 2 }, "1 segment checked, 1 damaged, 2 could not be read."],
])("the newest check is summed up: %o", (changes, words) => {
  const check: Check = { state: "done", checked: 1, of: 1, unread: 0, damaged: [], started: 1, ended: 2 };
  expect(checkWords({ ...check, ...changes })).toBe(words);
});
