import { expect, test } from "vitest";
import type { Chapter, Region, RegionNode } from "../api/region.ts";
import {
  alarm,
  lasting,
  leaderTone,
  leaderWords,
  led,
  nodeWords,
  otherConsoles,
  seconds,
  takeover,
} from "./region.ts";

const NOW = Date.UTC(2026, 10, 24, 12);

function node(changes: Partial<RegionNode> = {}): RegionNode {
  return {
    node: "agg-2",
    ingest: "agg-2:7443",
    console: "https://agg-2:7480",
    role: "standby",
    epoch: 7,
    mark: 119,
    lag_ms: 800,
    heard: NOW - 300,
    prepared: false,
    fault: "",
    ...changes,
  };
}

function region(changes: Partial<Region> = {}): Region {
  return {
    topology: "ha",
    region: "default",
    cluster: "c",
    node: "agg-1",
    role: "leader",
    epoch: 7,
    leader: { node: "agg-1", ingest: "agg-1:7443", console: "https://agg-1:7480", epoch: 7 },
    assurance: "read_back",
    degraded: "",
    durable: { mark: 119, committed_mark: 120, at: NOW - 900, waiting: 0, trouble: "", hint: "" },
    age_ms: null,
    nodes: [node({ node: "agg-1", console: "https://agg-1:7480", role: "leader" }), node()],
    lineage: null,
    consul_trouble: "",
    store_trouble: "",
    handoff: null,
    blocked: null,
    ...changes,
  };
}

const BLOCKED = {
  code: "lineage_lost",
  detail: "Consul has lost its data.",
  hint: "x",
  chapters: [],
  databases: [],
};

test("a leader says how long ago all was durable, and where", () => {
  const found = lasting(region(), NOW);
  expect(found).toMatchObject({ figure: "0.9s ago", tone: "ok" });
  expect(found.words).toContain("read back");
});

test("what nobody reads back is a warning, what does not become durable is worse", () => {
  expect(lasting(region({ assurance: "recorded" }), NOW).tone).toBe("warn");
  const durable = { ...region().durable, trouble: "The store is gone.", hint: "curl" };
  expect(lasting(region({ durable }), NOW)).toMatchObject({
    tone: "bad",
    words: "The store is gone.",
    hint: "curl",
  });
  const stuck = { ...region().durable, at: NOW - 60_000, waiting: 3 };
  expect(lasting(region({ durable: stuck }), NOW)).toMatchObject({ tone: "bad", figure: "1m ago" });
});

test("a quiet region is not stuck", () => {
  const durable = { ...region().durable, at: NOW - 60_000 };
  expect(lasting(region({ durable }), NOW).tone).toBe("ok");
});

test("a standby says how old its copy is", () => {
  const standby = region({ node: "agg-2", role: "standby", age_ms: 800 });
  expect(lasting(standby, NOW)).toMatchObject({ figure: "0.8s ago", tone: "ok" });
  expect(lasting({ ...standby, age_ms: 20_000 }, NOW).tone).toBe("warn");
  expect(lasting({ ...standby, age_ms: null }, NOW).figure).toBe("Not known");
});

test("without a leader nothing is accepted", () => {
  expect(lasting(region({ leader: null, role: "standby" }), NOW)).toMatchObject({
    figure: "Nothing",
    tone: "bad",
  });
});

test("nobody leads while a person must decide", () => {
  expect(leaderWords(region())).toBe("agg-1");
  expect(leaderWords(region({ leader: null }))).toBe("Nobody");
  expect(leaderWords(region({ blocked: BLOCKED }))).toBe("Nobody, until you decide");
  expect(leaderTone(region({ leader: null }))).toBe("bad");
  expect(leaderTone(region({ role: "taking_over" }))).toBe("warn");
});

test("a node says the worst of itself", () => {
  expect(nodeWords(node(), NOW)).toEqual({ tone: "ok", words: "Follows closely" });
  expect(nodeWords(node({ prepared: true }), NOW).words).toBe("Prepared to lead");
  expect(nodeWords(node({ lag_ms: 64_000 }), NOW)).toEqual({ tone: "warn", words: "Behind by 1m 4s" });
  expect(nodeWords(node({ heard: NOW - 90_000 }), NOW)).toEqual({ tone: "bad", words: "Silent for 1m 30s" });
  expect(nodeWords(node({ heard: null }), NOW)).toEqual({ tone: "quiet", words: "Not heard of here" });
  expect(nodeWords(node({ fault: "Row 9 differs." }), NOW).tone).toBe("bad");
  expect(nodeWords(node({ role: "leader", heard: null }), NOW).words).toBe("Accepts what agents send");
});

test("the banner is red where nothing lasts", () => {
  expect(alarm(region())).toBeNull();
  expect(alarm(region({ degraded: "No standby." }))?.tone).toBe("warn");
  expect(alarm(region({ degraded: "Nobody leads.", leader: null }))?.tone).toBe("bad");
  expect(alarm(region({ degraded: "Decide.", blocked: BLOCKED }))?.tone).toBe("bad");
});

test("a takeover is news once another epoch is led", () => {
  const after = region({ leader: { node: "agg-2", ingest: "", console: "", epoch: 8 } });
  expect(takeover(region(), after)).toBe("agg-2 has taken over from agg-1, with epoch 8.");
  expect(takeover(region(), region())).toBeNull();
  expect(takeover(null, after)).toBeNull();
  expect(takeover(after, region())).toBeNull();
  const again = region({ leader: { node: "agg-1", ingest: "", console: "", epoch: 9 } });
  expect(takeover(region(), again)).toBe("agg-1 leads again, with epoch 9.");
});

test("the other consoles are those of other addresses", () => {
  expect(otherConsoles(region(), "https://agg-1:7480")).toEqual(["https://agg-2:7480"]);
  expect(otherConsoles(null, "https://agg-1:7480")).toEqual([]);
});

test("epochs are those of the line, the newest first", () => {
  const chapter = (epoch: number, on_line = true): Chapter => ({
    epoch,
    path: `p${epoch}`,
    node: "agg-1",
    began: NOW - (10 - epoch) * 1000,
    parent: "",
    parent_txid: 0,
    origin: "",
    on_line,
    from: null,
    to: null,
    txid: 0,
  });
  const found = led([chapter(1), chapter(2, false), chapter(3)], NOW);
  expect(found.map(({ chapter: { epoch }, isNow }) => [epoch, isNow])).toEqual([
    [3, true],
    [1, false],
  ]);
  expect(found[1]?.endMs).toBe(NOW - 7000);
});

test("short times have a tenth", () => {
  expect([seconds(-5), seconds(840), seconds(64_000)]).toEqual(["0.0s", "0.8s", "1m 4s"]);
});
