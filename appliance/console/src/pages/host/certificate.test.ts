import { expect, test } from "vitest";
import type { Certificate } from "../../api/identity.ts";
import { certificateWords } from "./certificate.ts";

const HOUR_MS = 3_600_000;

function certificate(changes: Partial<Certificate> = {}): Certificate {
  return {
    serial: "01",
    role: "agent",
    subject: "a",
    name: "web-1",
    issuer: "issuer",
    issued: 0,
    renew_at: 32 * HOUR_MS,
    expires: 48 * HOUR_MS,
    state: "valid",
    revoked: null,
    reason: "",
    ...changes,
  };
}

test("a certificate says when it expires, and whether it should have been renewed", () => {
  expect(certificateWords(certificate(), 24 * HOUR_MS)).toBe("expires in 1d");
  expect(certificateWords(certificate(), 45 * HOUR_MS)).toBe("not renewed, expires in 3h");
  expect(certificateWords(certificate(), 50 * HOUR_MS)).toBe("expired 2h ago");
});

test("a revoked certificate says so, whenever it expires", () => {
  expect(certificateWords(certificate({ state: "revoked" }), 0)).toBe("revoked");
});
