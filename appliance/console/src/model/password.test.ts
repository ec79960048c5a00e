import { expect, test } from "vitest";
import { judge } from "./password.ts";

test("what the server would refuse says why", () => {
  expect(judge("short")).toEqual({ strength: 0, words: "7 more to reach 12 characters" });
  expect(judge("abababababababab")).toEqual({ strength: 0, words: "Too few different characters" });
  expect(judge("many words ".repeat(12)).words).toBe("At most 128 characters");
});

test("longer and more varied is stronger", () => {
  const passwords = [
    "abcdeabcdeabcde",
    "only twelve c",
    "four random words here",
    "Four random words, & 1 more",
  ];
  const judged = passwords.map((password) => judge(password).strength);
  expect(judged).toEqual([...judged].sort());
  expect(judged[0]).toBe(1);
  expect(judged[3]).toBe(4);
});
