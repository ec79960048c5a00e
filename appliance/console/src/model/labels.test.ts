import { expect, test } from "vitest";
import { labelsFault, parseLabels } from "./labels.ts";

test("labels are parted by spaces or commas", () => {
  expect(parseLabels(" role=db, env=prod ")).toEqual({ role: "db", env: "prod" });
  expect(parseLabels("")).toEqual({});
});

test("a value may hold an equals sign", () => {
  expect(parseLabels("rack=a=1")).toEqual({ rack: "a=1" });
});

test("what is no label is named", () => {
  expect(labelsFault("role=db prod")).toBe("“prod” is no label; write role=db.");
  expect(labelsFault("role=db, env=prod")).toBe("");
});
