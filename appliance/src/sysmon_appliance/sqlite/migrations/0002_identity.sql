-- Who may join, who has asked to, and which key speaks for which host. Moments are the aggregator's clock; 0 is never.

CREATE TABLE join_tokens (
    id TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL,         -- SHA-256; the secret itself is nowhere
    created_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    used INTEGER NOT NULL,
    labels TEXT NOT NULL,              -- JSON: pairs of key and value
    approval INTEGER NOT NULL,
    replaces TEXT NOT NULL,            -- host_id, or empty
    revoked_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolments (
    id TEXT PRIMARY KEY,
    token TEXT NOT NULL,               -- outlived by the request, so no reference; empty for a copy of a host
    public_key TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    about TEXT NOT NULL,               -- host_id that it replaces or is a copy of, or empty
    labels TEXT NOT NULL,
    state TEXT NOT NULL,
    requested_ms INTEGER NOT NULL,
    decided_ms INTEGER NOT NULL,
    host_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE identities (
    host_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,          -- the only one that speaks for the host; empty once it is revoked
    labels TEXT NOT NULL,
    enrolled_ms INTEGER NOT NULL,
    revoked_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE certificates (
    serial TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    host_id TEXT NOT NULL,
    name TEXT NOT NULL,
    issuer TEXT NOT NULL,
    public_key TEXT NOT NULL,
    root TEXT NOT NULL,                -- fingerprint of the newest root that was sent along
    issued_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    revoked_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX certificates_of_host ON certificates (host_id);

CREATE TABLE revoked_issuers (
    name TEXT PRIMARY KEY,
    revoked_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
