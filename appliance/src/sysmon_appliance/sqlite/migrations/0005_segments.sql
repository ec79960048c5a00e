-- The manifest: which segments are in force. A row stays after its segment was dropped, until the file is deleted.

CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,                        -- raw, minute, hour, tables
    level TEXT NOT NULL,                       -- sealed, day, month
    start_ms INTEGER NOT NULL,                 -- earliest tick, corrected
    end_ms INTEGER NOT NULL,                   -- latest tick, corrected
    first_host INTEGER NOT NULL,
    last_host INTEGER NOT NULL,
    hosts INTEGER NOT NULL,
    ticks INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    damaged_ms INTEGER NOT NULL,               -- 0 while it is whole
    dropped_ms INTEGER NOT NULL                -- 0 while it is in force
) STRICT;

-- Batches up to this row number are in segments. Readers pass over them at once; they are removed little by little.
INSERT INTO meta (name, value) VALUES ('sealed_up_to', '0');
