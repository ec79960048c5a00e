import { expect, test } from "vitest";
import type { AuditEntry } from "../api/identity.ts";
import { differences } from "./audit.ts";

function entry(before: AuditEntry["before"], after: AuditEntry["after"]): AuditEntry {
  return { number: 1, time: 0, actor: "", origin: "", action: "", target: "", before, after, hash: "" };
}

test("a change shows what differs, and leaves out what stayed", () => {
  const changed = entry({ role: "viewer", disabled: false }, { role: "admin", disabled: false });
  expect(differences(changed)).toEqual([{ key: "role", before: "viewer", after: "admin" }]);
});

test("a creation has nothing before, a removal nothing after", () => {
  expect(differences(entry(null, { uses: 2 }))).toEqual([{ key: "uses", before: null, after: "2" }]);
  expect(differences(entry({ uses: 2 }, null))).toEqual([{ key: "uses", before: "2", after: null }]);
});

test("what is not text is shown as JSON", () => {
  const labelled = entry(null, { labels: { role: "db" } });
  expect(differences(labelled)[0]?.after).toBe('{"role":"db"}');
});

test("moments are shown as dates, and what is empty is left out", () => {
  const expires = new Date("2026-11-24T13:00:00").getTime();
  const made = differences(entry(null, { expires, labels: {}, replaces: "", uses: 1 }));
  expect(made.map(({ key }) => key)).toEqual(["expires", "uses"]);
  expect(made[0]?.after).toContain("24");
  expect(made[0]?.after).not.toContain(String(expires));
});
