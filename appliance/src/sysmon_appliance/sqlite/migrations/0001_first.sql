-- The live database: who is known, how far each stream is, and the head.
--
-- Row numbers are given by the aggregator, which is the only writer, so that ticks can refer to what is saved in the
-- same group of changes.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE hosts (
    id INTEGER PRIMARY KEY,
    host_id TEXT NOT NULL UNIQUE,     -- 32 hexadecimal digits, from the certificate
    name TEXT NOT NULL,
    interval_ms INTEGER NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    description TEXT NOT NULL         -- JSON: facts, labels, tags, metadata
) STRICT;

CREATE TABLE schemas (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,        -- as agents name it
    body BLOB NOT NULL                -- the message Schema
) STRICT;

-- The account of what is no longer in the head; what is there is added at start. A row is written when a stream begins
-- and when its batches leave the head, never per batch: that would more than double what each batch writes.
CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    host INTEGER NOT NULL REFERENCES hosts,
    stream_id BLOB NOT NULL,
    base_last INTEGER NOT NULL DEFAULT 0,      -- the highest number that has left the head
    base_stored INTEGER NOT NULL DEFAULT 0,    -- ticks that have left the head
    base_last_ms INTEGER NOT NULL DEFAULT 0,   -- what the host's clock showed at tick base_last
    UNIQUE (host, stream_id)
) STRICT;

-- Numbers that will never carry a tick. They outlive the head: the ledger counts them for ever.
CREATE TABLE gaps (
    stream INTEGER NOT NULL REFERENCES streams,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    reason INTEGER NOT NULL,                   -- the wire's GapReason
    received_ms INTEGER NOT NULL,
    PRIMARY KEY (stream, first)
) STRICT, WITHOUT ROWID;

-- The head, one row per batch; bodies apart, so that a start reads rows of a few dozen bytes and no bodies.
CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES streams,
    schema INTEGER NOT NULL REFERENCES schemas,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,                 -- earliest tick, corrected
    end_ms INTEGER NOT NULL,                   -- latest tick, corrected
    last_ms INTEGER NOT NULL,                  -- last tick, as the host's clock showed it
    offset_ms INTEGER NOT NULL,                -- what corrects the host's times; 0 unless its clock was off
    received_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE bodies (
    id INTEGER PRIMARY KEY REFERENCES batches,
    body BLOB NOT NULL                         -- the message Batch, as it came
) STRICT;
