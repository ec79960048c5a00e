-- What whoever follows the database by its replica looks at first: how far everything is there, and whether more than
-- the head has changed since.
INSERT INTO meta (name, value) VALUES ('mark', '0'), ('version', '0');
