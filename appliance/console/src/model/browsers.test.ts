import { expect, test } from "vitest";
import { browserOf } from "./browsers.ts";

const CHROME =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36";

test("browsers are told apart although they imitate each other", () => {
  expect(browserOf(CHROME)).toBe("Chrome on Linux");
  expect(browserOf(`${CHROME} Edg/141.0`)).toBe("Edge on Linux");
  expect(browserOf("Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko Firefox/145.0")).toBe("Firefox on Windows");
});

test("what is no browser goes by what it says", () => {
  expect(browserOf("backup-robot/2")).toBe("backup-robot/2");
  expect(browserOf("")).toBe("unknown browser");
});
