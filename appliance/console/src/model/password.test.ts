import { expect, test } from "vitest";
import { judge } from "./password.ts";

test("what the server would refuse says why", () => {
  expect(judge("short", "ada")).toEqual({ strength: 0, words: "7 more to reach 12 characters" });
  expect(judge("abababababababab", "ada")).toEqual({ strength: 0, words: "Too few different characters" });
  expect(judge("my name is Ada today", "ada").words).toContain("user's name");
  expect(judge("SysMonitor for ever", "ada").words).toContain("product's name");
});

test("longer and more varied is stronger", () => {
  const strengths = [
    "abcdeabcdeabcde",
    "only twelve c",
    "four random words here",
    "Four random words, & 1 more",
  ];
  const judged = strengths.map((password) => judge(password, "eve").strength);
  expect(judged).toEqual([...judged].sort());
  expect(judged[0]).toBe(1);
  expect(judged[3]).toBe(4);
});
