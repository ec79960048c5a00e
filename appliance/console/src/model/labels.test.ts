import { expect, test } from "vitest";
import { LabelsError, parseLabels } from "./labels.ts";

test("labels are parted by spaces or commas", () => {
  expect(parseLabels(" role=db, env=prod ")).toEqual({ role: "db", env: "prod" });
  expect(parseLabels("")).toEqual({});
});

test("a value may hold an equals sign", () => {
  expect(parseLabels("rack=a=1")).toEqual({ rack: "a=1" });
});

test("what is no label is named", () => {
  expect(() => parseLabels("role=db prod")).toThrow(LabelsError);
  expect(() => parseLabels("prod")).toThrow("“prod” is no label");
});
