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

-- name: decision_entries
-- Of which type the decisions between two positions are, and their places among them.
SELECT position, type, ordinal FROM decision
WHERE tenant_id = :tenant_id AND position >= :low AND position <= :high
ORDER BY position;

-- name: add_decision_block
-- Where the decisions of a type stand in a block (a JSON list of places, from 0 on).
INSERT INTO decision_block (tenant_id, type, block, first_ordinal, places)
VALUES (:tenant_id, :type, :block, :first_ordinal, :places);

-- name: clear_decision_blocks
-- Forget where which types stand.
DELETE FROM decision_block WHERE tenant_id = :tenant_id;

-- name: decision_block_up
-- The blocks that hold decisions of a type, upwards.
SELECT block, first_ordinal, places FROM decision_block
WHERE tenant_id = :tenant_id AND type = :type AND block >= :low AND block <= :high
ORDER BY block LIMIT :limit;

-- name: decision_block_down
-- The same, downwards.
SELECT block, first_ordinal, places FROM decision_block
WHERE tenant_id = :tenant_id AND type = :type AND block >= :low AND block <= :high
ORDER BY block DESC LIMIT :limit;

-- name: decision_tail_up
-- Where decisions of a type stand in the journal's tail, upwards.
SELECT position FROM decision
WHERE tenant_id = :tenant_id AND type = :type AND position >= :low AND position <= :high
ORDER BY position LIMIT :limit;

-- name: decision_tail_down
-- The same, downwards.
SELECT position FROM decision
WHERE tenant_id = :tenant_id AND type = :type AND position >= :low AND position <= :high
ORDER BY position DESC LIMIT :limit;

-- name: decisions_in_tail
-- How many decisions of a type there are in the journal's tail.
SELECT COUNT(*) FROM decision
WHERE tenant_id = :tenant_id AND type = :type AND position >= :low AND position <= :high;
