-- Which host has used which schema, from when to when: as far as its batches have left the head.

CREATE TABLE host_schemas (
    host INTEGER NOT NULL,
    schema INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,                 -- of ticks, corrected
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (host, schema)
) STRICT, WITHOUT ROWID;
