import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { attend, attendance } from "./attendance.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a page that nobody touches for a minute says so, until somebody does", () => {
  const page = new EventTarget();
  attend(page);
  page.dispatchEvent(new Event("keydown"));
  vi.advanceTimersByTime(59_999);
  expect(attendance()).toEqual({});
  vi.advanceTimersByTime(1);
  expect(attendance()).toEqual({ "X-Sysmon-Unattended": "1" });
  page.dispatchEvent(new Event("pointermove"));
  expect(attendance()).toEqual({});
});
