// The shapes of the API of identity: who may do what, and what was done. All times are Unix milliseconds.

import type { Attributes } from "./types.ts";

export type Role = "viewer" | "operator" | "admin";

export interface Session {
  signed_in: boolean;
  via: "link" | "socket" | "user" | "token" | null;
  name: string;
  role: Role;
  /** The user's name; null where no user signed in, as through a one-time link. */
  user: string | null;
  expires: number | null;
}

export interface OpenSession {
  id: string;
  user: string | null;
  via: "link" | "user";
  /** The user's, or of whoever made the link. */
  name: string;
  origin: string;
  /** The browser's User-Agent. */
  agent: string;
  started: number;
  last_used: number;
  expires: number;
  /** Whether it is the session that asks. */
  current: boolean;
}

export interface User {
  name: string;
  role: Role;
  created: number;
  last_signed_in: number | null;
  disabled: boolean;
  /** Whether there is an invitation that can be followed. */
  invited: boolean;
}

export interface Invitation {
  user: string;
  role: Role;
  expires: number;
}

export interface ApiToken {
  id: string;
  name: string;
  role: Role;
  /** Null where it was made without a user, as after a one-time link. */
  owner: string | null;
  created: number;
  expires: number;
  last_used: number | null;
}

export interface HostName {
  id: string;
  name: string;
}

export interface JoinToken {
  id: string;
  created: number;
  created_by: string;
  expires: number;
  uses: number;
  uses_left: number;
  labels: Attributes;
  /** Whether an operator approves each host that joins with it. */
  approval: boolean;
  replace: HostName | null;
  state: "usable" | "used_up" | "expired" | "revoked";
}

export interface NewJoinToken {
  token: JoinToken;
  secret: string;
  /** What to run on the host. */
  command: string;
}

export interface Enrolment {
  id: string;
  name: string;
  address: string;
  requested: number;
  reason: "approval" | "replace" | "clone";
  replaces: HostName | null;
  /** The join token's id; empty where none was used. */
  token: string;
  labels: Attributes;
  /** SHA-256 of the host's public key, hexadecimal. */
  public_key: string;
  state: "waiting" | "approved" | "rejected";
}

export type CertificateState = "valid" | "expired" | "revoked" | "superseded";

export interface Certificate {
  serial: string;
  role: string;
  /** A host's id for agents. */
  subject: string;
  name: string;
  issuer: string;
  issued: number;
  expires: number;
  renew_at: number;
  state: CertificateState;
  revoked: number | null;
  reason: string;
}

/** An intermediate or a root. */
export interface Signer {
  name: string;
  fingerprint: string;
  expires: number;
}

export interface Certificates {
  issuer: Signer | null;
  authority: readonly Signer[];
  /** The aggregator's own certificate. */
  aggregator: { serial: string; expires: number } | null;
  certificates: readonly Certificate[];
  next: string | null;
}

export interface Rotation {
  authority: readonly Signer[];
  by_issuer: readonly { issuer: string; valid: number }[];
  /** Valid certificates of agents that were not yet given the newest root. */
  without_newest_root: number;
}

type Recorded = Readonly<Record<string, unknown>> | null;

export interface AuditEntry {
  number: number;
  time: number;
  actor: string;
  origin: string;
  action: string;
  target: string;
  before: Recorded;
  after: Recorded;
  hash: string;
}

export interface AuditPage {
  entries: readonly AuditEntry[];
  next: number | null;
}

export interface Verification {
  intact: boolean;
  entries: number;
  head: string;
  fault: { number: number; problem: string } | null;
}
