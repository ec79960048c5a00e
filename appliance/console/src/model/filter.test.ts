import { describe, expect, test } from "vitest";
import { parseFilter } from "./filter.ts";
import { host, METRICS } from "./fixtures.ts";

const db = host({
  id: "db-1",
  labels: { role: "db", env: "prod" },
  tags: ["rack4"],
  values: [0.91, 0.5, 0.2, 2 ** 21, 0],
});
const web = host({
  id: "web-1",
  labels: { role: "web", env: "dev" },
  status: "down",
  values: [0.1, null, 0.8, 10, 0],
});

const matched = (text: string) => [db, web].filter(parseFilter(text, METRICS).matches).map(({ id }) => id);

describe("the filter", () => {
  test.each([
    ["", ["db-1", "web-1"]],
    ["role=db", ["db-1"]],
    ["env!=dev", ["db-1"]],
    ["missing!=x", ["db-1", "web-1"]],
    ["status=down", ["web-1"]],
    ["tag=rack4", ["db-1"]],
    ["WEB", ["web-1"]],
    ["cpu>80", ["db-1"]],
    ["cpu>90.5%", ["db-1"]],
    ["fs>=80", ["web-1"]],
    ["rx>1M", ["db-1"]],
    ["rx<1KiB", ["web-1"]],
    ["role=db cpu<50", []],
    ["role=db,env=prod", ["db-1"]],
  ])("%s selects %j", (text, ids) => expect(matched(text)).toEqual(ids));

  test("never selects a host by a metric that it lacks", () =>
    expect(matched("memory<100")).toEqual(["db-1"]));

  test("says what it can't understand, and applies the rest", () => {
    const filter = parseFilter("role=db speed>3 cpu>fast", METRICS);
    expect(filter.faults).toEqual(["No metric is called “speed”.", "“cpu>” needs a number after it."]);
    expect([db, web].filter(filter.matches)).toEqual([db]);
  });
});
