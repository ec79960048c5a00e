import { expect, test } from "vitest";
import { ledgerLines, lostTicks, uncollectedTicks } from "./ledger.ts";

const total = {
  stored: 100,
  missing: 18,
  by_reason: { agent_down: 12, spool_full: 1, host_down: 0, brand_new: 5 },
};

test("what was never collected does not count as lost", () => {
  expect([lostTicks(total), uncollectedTicks(total)]).toEqual([6, 12]);
});

test("each reason is a sentence, the most frequent first", () => {
  expect(ledgerLines(total).map(({ words }) => words)).toEqual([
    "12 ticks not collected while the agent was not running",
    "5 ticks missing for an unknown reason",
    "1 tick dropped because the agent's spool was full",
  ]);
});
