-- name: decision_time
-- When one decision was recorded; a search by time halves its way through positions.
SELECT recorded_at FROM decision WHERE tenant_id = :tenant_id AND position = :position;

-- name: decision_heads
-- What a search looks at, newest first.
SELECT position, type, aggregate, actor FROM decision
WHERE tenant_id = :tenant_id AND position >= :low AND position <= :high
ORDER BY position DESC LIMIT :limit;

-- name: decisions_at
-- Some decisions (a JSON list of positions), and on whose behalf they were made.
SELECT e.position, e.type, e.aggregate, e.number, e.recorded_at, e.payload, e.sealed, e.sealed_at,
       e.sealed_chars, e.actor
FROM decision e
WHERE e.tenant_id = :tenant_id AND e.position IN (SELECT value FROM json_each(:positions))
ORDER BY e.position;
