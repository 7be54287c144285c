-- name: file_import
-- One import of a file.
SELECT import_id, kind, actor, rows_total, started_at, finished_at FROM file_import
WHERE tenant_id = :tenant_id AND import_id = :import_id;

-- name: file_import_by_digest
-- The newest import of the same content, if it is not too old.
SELECT import_id, kind, actor, rows_total, started_at, finished_at FROM file_import
WHERE tenant_id = :tenant_id AND kind = :kind AND digest = :digest AND started_at >= :since
ORDER BY import_id DESC LIMIT 1;

-- name: file_imports
-- The newest imports.
SELECT import_id, kind, actor, rows_total, started_at, finished_at FROM file_import
WHERE tenant_id = :tenant_id ORDER BY import_id DESC LIMIT :limit OFFSET :offset;

-- name: count_file_imports
-- How many imports are remembered.
SELECT count(*) FROM file_import WHERE tenant_id = :tenant_id;

-- name: add_file_import
-- A file begins to be imported.
INSERT INTO file_import (tenant_id, import_id, kind, digest, actor, rows_total, started_at)
VALUES (:tenant_id, :import_id, :kind, :digest, :actor, :rows_total, :started_at);

-- name: finish_file_import
-- Every row of a file was carried out or refused.
UPDATE file_import SET finished_at = :finished_at
WHERE tenant_id = :tenant_id AND import_id = :import_id AND finished_at IS NULL;

-- name: file_import_row
-- What became of one row.
SELECT made, message FROM file_import_row
WHERE tenant_id = :tenant_id AND import_id = :import_id AND place = :place;

-- name: file_import_rows
-- A page of what became of rows, in the order of the file.
SELECT place, made, message FROM file_import_row
WHERE tenant_id = :tenant_id AND import_id = :import_id AND place >= :place
ORDER BY place LIMIT :limit;

-- name: file_import_progress
-- How many rows are through, and how many of them made something.
SELECT count(*), coalesce(sum(CASE WHEN message = '' THEN 1 ELSE 0 END), 0) FROM file_import_row
WHERE tenant_id = :tenant_id AND import_id = :import_id;

-- name: add_file_import_row
-- A row is through.
INSERT INTO file_import_row (tenant_id, import_id, place, made, message)
VALUES (:tenant_id, :import_id, :place, :made, :message);

-- name: old_file_import
-- The oldest import, if it is too old.
SELECT import_id FROM file_import WHERE tenant_id = :tenant_id AND started_at < :before
ORDER BY import_id LIMIT 1;

-- name: remove_file_import_rows
-- A few rows of an import nobody asks about any more.
DELETE FROM file_import_row
WHERE tenant_id = :tenant_id AND import_id = :import_id AND place IN (
    SELECT r.place FROM file_import_row r
    WHERE r.tenant_id = :tenant_id AND r.import_id = :import_id ORDER BY r.place LIMIT :limit);

-- name: remove_file_import
-- An import nobody asks about any more.
DELETE FROM file_import WHERE tenant_id = :tenant_id AND import_id = :import_id;
