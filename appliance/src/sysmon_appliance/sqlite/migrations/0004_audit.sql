-- The audit log. Nobody but the aggregator adds to it, and nobody changes or removes an entry: the triggers stop
-- mistakes, the chain of hashes shows what gets past them.

CREATE TABLE audit (
    number INTEGER PRIMARY KEY,        -- 1, 2, 3 and so on, without exception
    entry TEXT NOT NULL,               -- JSON, exactly as it is hashed
    hash TEXT NOT NULL                 -- SHA-256 of it, hexadecimal
) STRICT;

-- The newest entry once more, so that an end that was cut off is missed.
CREATE TABLE audit_head (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    number INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only ever added to');
END;

CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only ever added to');
END;

-- INSERT OR REPLACE would remove without asking the trigger above.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only ever added to');
END;
