-- name: append_decision
-- One row of the decision journal.
INSERT INTO decision (tenant_id, position, type, aggregate, number, recorded_at, ordinal, payload,
                      sealed, sealed_at, sealed_chars, actor, hash)
VALUES (:tenant_id, :position, :type, :aggregate, :number, :recorded_at, :ordinal, :payload,
        :sealed, :sealed_at, :sealed_chars, :actor, :hash);

-- name: decisions_from
-- A page by position, upwards.
SELECT e.position, e.type, e.aggregate, e.number, e.recorded_at, e.payload, e.sealed, e.sealed_at,
       e.sealed_chars
FROM decision e
WHERE e.tenant_id = :tenant_id AND e.position >= :from
ORDER BY e.position LIMIT :limit;

-- name: decisions_down_from
-- A page by position, downwards.
SELECT e.position, e.type, e.aggregate, e.number, e.recorded_at, e.payload, e.sealed, e.sealed_at,
       e.sealed_chars
FROM decision e
WHERE e.tenant_id = :tenant_id AND e.position >= :from
ORDER BY e.position DESC LIMIT :limit;

-- name: decisions_of_type_from
-- A page by position of one type, upwards.
SELECT e.position, e.type, e.aggregate, e.number, e.recorded_at, e.payload, e.sealed, e.sealed_at,
       e.sealed_chars
FROM decision e
WHERE e.tenant_id = :tenant_id AND e.type = :type AND e.position >= :from
ORDER BY e.position LIMIT :limit;

-- name: decisions_of_type_down_from
-- A page by position of one type, downwards.
SELECT e.position, e.type, e.aggregate, e.number, e.recorded_at, e.payload, e.sealed, e.sealed_at,
       e.sealed_chars
FROM decision e
WHERE e.tenant_id = :tenant_id AND e.type = :type AND e.position >= :from
ORDER BY e.position DESC LIMIT :limit;

-- name: first_ordinal_from
-- Where among its type the first decision from a position on stands: totals without counting.
SELECT ordinal FROM decision
WHERE tenant_id = :tenant_id AND type = :type AND position >= :from
ORDER BY position LIMIT 1;

-- name: decision
-- One decision.
SELECT e.position, e.type, e.aggregate, e.number, e.recorded_at, e.payload, e.sealed, e.sealed_at,
       e.sealed_chars
FROM decision e
WHERE e.tenant_id = :tenant_id AND e.position = :position;

-- name: decision_rows
-- Rows exactly as hashed, for verification.
SELECT position, type, aggregate, number, recorded_at, ordinal, payload, sealed, sealed_at,
       sealed_chars, actor, hash
FROM decision WHERE tenant_id = :tenant_id AND position > :after
ORDER BY position LIMIT :limit;

-- name: seals
-- The wrapped keys of some members (a JSON list of numbers).
SELECT number, wrapped FROM seal
WHERE tenant_id = :tenant_id AND number IN (SELECT value FROM json_each(:numbers));
