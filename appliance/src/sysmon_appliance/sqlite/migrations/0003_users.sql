-- Who may see and do what. Of every secret there is only a hash. Moments are the aggregator's clock; 0 is never.

CREATE TABLE users (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    password TEXT NOT NULL,                    -- argon2id, as a PHC string; empty until an invitation was followed
    disabled INTEGER NOT NULL,
    last_signed_in_ms INTEGER NOT NULL,
    invitation_hash TEXT NOT NULL,             -- SHA-256; empty where nothing is open
    invitation_expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE links (
    secret_hash TEXT PRIMARY KEY,              -- SHA-256, as everywhere below
    made_by TEXT NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,                       -- the beginning of the hash
    secret_hash TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,                        -- a user, or the account that made the link
    origin TEXT NOT NULL,
    agent TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    last_used_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    owner TEXT NOT NULL,                       -- a user, or empty
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    last_used_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
