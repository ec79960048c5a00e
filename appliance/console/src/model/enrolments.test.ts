import { expect, test } from "vitest";
import { inGroups } from "./enrolments.ts";

test("a fingerprint is parted for the eye, without a gap at its end", () => {
  expect(inGroups("0123456789abcdef")).toBe("01234567 89abcdef");
});
