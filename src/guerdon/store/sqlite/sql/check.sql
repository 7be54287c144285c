-- name: storage_check
-- SQLite reads every page, every index and every constraint.
PRAGMA integrity_check;
