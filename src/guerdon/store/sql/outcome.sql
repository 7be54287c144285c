-- name: add_outcome
-- What became of a request that is not in the journal.
INSERT INTO outcome (tenant_id, outcome_id, recorded_at, kind, code, reason, dialect, key_id,
                     method, path, body, body_bytes)
VALUES (:tenant_id, :outcome_id, :recorded_at, :kind, :code, :reason, :dialect, :key_id,
        :method, :path, :body, :body_bytes);

-- name: outcomes
-- A page of outcomes, newest first.
SELECT outcome_id, recorded_at, kind, code, reason, dialect, key_id, method, path, body,
       body_bytes, replayed_at
FROM outcome
WHERE tenant_id = :tenant_id AND outcome_id < :before AND recorded_at >= :since
ORDER BY outcome_id DESC LIMIT :limit;

-- name: outcome
-- One outcome.
SELECT outcome_id, recorded_at, kind, code, reason, dialect, key_id, method, path, body,
       body_bytes, replayed_at
FROM outcome WHERE tenant_id = :tenant_id AND outcome_id = :outcome_id;

-- name: set_outcome_replayed
-- Its body was sent again and accepted.
UPDATE outcome SET replayed_at = :replayed_at
WHERE tenant_id = :tenant_id AND outcome_id = :outcome_id;

-- name: remove_old_outcomes
-- Outcomes are kept for a number of days and up to a number of rows.
DELETE FROM outcome WHERE tenant_id = :tenant_id AND outcome_id IN (
    SELECT o.outcome_id FROM outcome o
    WHERE o.tenant_id = :tenant_id AND (o.recorded_at < :before OR o.outcome_id <= :outcome_id_max)
    ORDER BY o.outcome_id LIMIT :limit);

-- name: outcome_beyond
-- The id of the newest outcome beyond the number kept.
SELECT outcome_id FROM outcome WHERE tenant_id = :tenant_id
ORDER BY outcome_id DESC LIMIT 1 OFFSET :kept;

-- name: idempotent_answer
-- What was answered to a key in one of the windows it may stand in.
SELECT fingerprint, answer, recorded_at FROM idempotency
WHERE tenant_id = :tenant_id AND key_window = :key_window AND key_hash = :key_hash;

-- name: answered_keys
-- Which of some keys (a JSON list of hashes in hexadecimal) have an answer in a window.
SELECT i.key_hash FROM json_each(:key_hashes) k
JOIN idempotency i ON i.tenant_id = :tenant_id AND i.key_window = :key_window
    AND i.key_hash = unhex(k.value);

-- name: add_idempotent_answer
-- Remember an answer in the transaction that makes it true.
INSERT INTO idempotency (tenant_id, key_window, key_hash, fingerprint, answer, recorded_at)
VALUES (:tenant_id, :key_window, :key_hash, :fingerprint, :answer, :recorded_at)
ON CONFLICT (tenant_id, key_window, key_hash) DO UPDATE
SET fingerprint = excluded.fingerprint, answer = excluded.answer,
    recorded_at = excluded.recorded_at;

-- name: remove_old_answers
-- Windows that no key can stand in any more, a little at a time.
DELETE FROM idempotency WHERE tenant_id = :tenant_id AND (key_window, key_hash) IN (
    SELECT i.key_window, i.key_hash FROM idempotency i
    WHERE i.tenant_id = :tenant_id AND i.key_window < :key_window
    ORDER BY i.key_window, i.key_hash LIMIT :limit);

-- name: add_delivery
-- Something owed to the outside.
INSERT INTO delivery (tenant_id, delivery_id, kind, target, subject, body, number, created_at,
                      due_at, attempts, fence)
VALUES (:tenant_id, :delivery_id, :kind, :target, :subject, :body, :number, :created_at,
        :created_at, 0, 0);

-- name: due_deliveries
-- What is due, of every tenant.
-- cross-tenant: the outside is served for all tenants by one clock
SELECT tenant_id, delivery_id, kind, target, subject, body, attempts, fence, created_at
FROM delivery
WHERE finished_at IS NULL AND due_at <= :now ORDER BY due_at LIMIT :limit;

-- name: due_delivery
-- The same of one, if it is due.
SELECT tenant_id, delivery_id, kind, target, subject, body, attempts, fence, created_at
FROM delivery
WHERE tenant_id = :tenant_id AND delivery_id = :delivery_id
  AND finished_at IS NULL AND due_at <= :now;

-- name: due_deliveries_beside
-- Which are due that are in none of some lanes (a JSON list of texts).
-- cross-tenant: the outside is served for all tenants by one clock
SELECT tenant_id, delivery_id FROM delivery
WHERE finished_at IS NULL AND due_at <= :now
  AND CASE kind WHEN 'webhook' THEN CAST(tenant_id AS TEXT) || ' ' || target ELSE kind || ' ' END
      NOT IN (SELECT value FROM json_each(:lanes))
ORDER BY due_at LIMIT :limit;

-- name: next_due_delivery
-- When something is due next.
-- cross-tenant: the outside is served for all tenants by one clock
SELECT MIN(due_at) FROM delivery WHERE finished_at IS NULL;

-- name: deliveries_waiting
-- How many are owed.
-- cross-tenant: the outside is served for all tenants by one clock
SELECT COUNT(*) FROM delivery WHERE finished_at IS NULL;

-- name: lease_delivery
-- Take one delivery for a while; the fence tells this taking from every other. It is no attempt yet:
-- whoever has no time for it lets the lease lapse.
UPDATE delivery SET due_at = :lease_until, fence = fence + 1
WHERE tenant_id = :tenant_id AND delivery_id = :delivery_id AND fence = :fence
  AND finished_at IS NULL;

-- name: finish_delivery
-- Done, or given up. What a letter said is kept no longer: tokens let people in. Nor is that of a
-- short message, which is told a gateway by a webhook.
UPDATE delivery SET finished_at = :finished_at, outcome = :outcome, attempts = attempts + 1,
       last_status = :last_status, last_error = :last_error,
       body = CASE WHEN kind = 'webhook' AND subject <> 'sms' THEN body ELSE '' END
WHERE tenant_id = :tenant_id AND delivery_id = :delivery_id AND fence = :fence
  AND finished_at IS NULL AND outcome IS NULL;

-- name: finish_forgotten_delivery
-- What had been written for somebody who is forgotten was taken back; what became of it before
-- stays.
UPDATE delivery SET finished_at = :finished_at
WHERE tenant_id = :tenant_id AND delivery_id = :delivery_id AND fence = :fence
  AND finished_at IS NULL AND outcome IS NOT NULL;

-- name: postpone_delivery
-- Not yet: try again later.
UPDATE delivery SET due_at = :due_at, attempts = attempts + 1, last_status = :last_status,
       last_error = :last_error
WHERE tenant_id = :tenant_id AND delivery_id = :delivery_id AND fence = :fence
  AND finished_at IS NULL;
