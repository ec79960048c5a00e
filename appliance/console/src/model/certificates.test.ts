import { expect, test } from "vitest";
import type { Certificate } from "../api/identity.ts";
import { certificateWords, healthOf, neglected, presentOne, signerHealth } from "./certificates.ts";
import { DAY_MS } from "./times.ts";

const HOUR_MS = DAY_MS / 24;

function certificate(changes: Partial<Certificate> = {}): Certificate {
  return {
    serial: "01",
    role: "agent",
    subject: "a",
    name: "web-1",
    issuer: "issuer",
    issued: 0,
    renew_at: 200,
    expires: 300,
    state: "valid",
    revoked: null,
    reason: "",
    ...changes,
  };
}

test("a certificate is overdue once half of the time to renew it is gone", () => {
  expect(healthOf(certificate(), 249)).toBe("fine");
  expect(healthOf(certificate(), 251)).toBe("overdue");
});

test("an expired certificate needs someone as long as it can be renewed", () => {
  expect(healthOf(certificate({ state: "expired" }), 300)).toBe("expired");
  expect(healthOf(certificate({ state: "expired" }), 300 + 30 * DAY_MS)).toBe("ended");
});

test("nobody needs to look at what was revoked or replaced", () => {
  expect(healthOf(certificate({ state: "revoked" }), 290)).toBe("ended");
  expect(neglected([certificate({ state: "superseded" })], 290)).toEqual([]);
});

test("the neglected come in the order in which they expire", () => {
  const [late, soon] = [certificate({ expires: 320 }), certificate({ expires: 310 })];
  expect(neglected([late, soon], 300)).toEqual([soon, late]);
});

test("a root warns a month ahead", () => {
  const root = { name: "root", fingerprint: "", expires: 31 * DAY_MS };
  expect(signerHealth(root, 0)).toBe("fine");
  expect(signerHealth(root, 2 * DAY_MS)).toBe("overdue");
  expect(signerHealth(root, 32 * DAY_MS)).toBe("expired");
});

test("a host stands with its valid certificate, else with its newest", () => {
  const revoked = certificate({ issued: 2, state: "revoked" });
  const valid = certificate({ issued: 1 });
  expect(presentOne([revoked, valid])).toBe(valid);
  expect(presentOne([certificate({ state: "superseded" }), revoked])).toBe(revoked);
  expect(presentOne([])).toBeNull();
});

const twoDays = certificate({ renew_at: 32 * HOUR_MS, expires: 48 * HOUR_MS });

test("a certificate says when it expires, and whether it should have been renewed", () => {
  expect(certificateWords(twoDays, 24 * HOUR_MS)).toBe("expires in 1d");
  expect(certificateWords(twoDays, 45 * HOUR_MS)).toBe("not renewed, expires in 3h");
  expect(certificateWords(twoDays, 50 * HOUR_MS)).toBe("expired 2h ago");
});

test("a revoked certificate says so, whenever it expires", () => {
  expect(certificateWords({ ...twoDays, state: "revoked" }, 0)).toBe("revoked");
});
