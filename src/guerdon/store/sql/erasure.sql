-- name: open_erasures
-- Members of whom something may still be found, first asked first.
SELECT number, position_max, words, phase, reached FROM erasure
WHERE tenant_id = :tenant_id AND finished_at IS NULL ORDER BY requested_at, number LIMIT :limit;

-- name: erasure
-- Whether a member was forgotten, and when.
SELECT requested_at, finished_at FROM erasure WHERE tenant_id = :tenant_id AND number = :number;

-- name: erasure_words
-- What is still being searched for.
SELECT words FROM erasure
WHERE tenant_id = :tenant_id AND number = :number AND finished_at IS NULL;

-- name: forgotten_member
-- What is kept beside the database of a member who was forgotten.
SELECT t.code, m.member_id, e.requested_at, s.status
FROM erasure e
JOIN tenant t ON t.tenant_id = e.tenant_id
JOIN member m ON m.tenant_id = e.tenant_id AND m.number = e.number
LEFT JOIN standing s ON s.tenant_id = e.tenant_id AND s.number = e.number
WHERE e.tenant_id = :tenant_id AND e.number = :number;

-- name: forgotten_members
-- The same of everybody.
-- cross-tenant: asked once, before the first request is served
SELECT t.code, m.member_id, e.requested_at, s.status
FROM erasure e
JOIN tenant t ON t.tenant_id = e.tenant_id
JOIN member m ON m.tenant_id = e.tenant_id AND m.number = e.number
LEFT JOIN standing s ON s.tenant_id = e.tenant_id AND s.number = e.number
ORDER BY e.requested_at, e.tenant_id, e.number;

-- name: add_erasure
-- A member is forgotten; one who was before is sought out once more.
INSERT INTO erasure (tenant_id, number, requested_at, position_max, words, phase, reached)
VALUES (:tenant_id, :number, :requested_at, :position_max, :words, 0, 0)
ON CONFLICT (tenant_id, number) DO UPDATE
SET requested_at = excluded.requested_at, position_max = excluded.position_max,
    words = excluded.words, phase = 0, reached = 0, finished_at = NULL;

-- name: move_erasure
-- How far the search has come.
UPDATE erasure SET phase = :phase, reached = :reached
WHERE tenant_id = :tenant_id AND number = :number;

-- name: finish_erasure
-- Nothing is left to be searched for, nor what to search for.
UPDATE erasure SET words = '[]', finished_at = :finished_at
WHERE tenant_id = :tenant_id AND number = :number;

-- name: add_former_identity
-- A member is not called so any more.
INSERT INTO former_identity (tenant_id, number, kind, value)
VALUES (:tenant_id, :number, :kind, :value)
ON CONFLICT (tenant_id, number, kind, value) DO NOTHING;

-- name: former_identities
-- What a member was called before, and nobody else is now.
SELECT f.kind, f.value FROM former_identity f
WHERE f.tenant_id = :tenant_id AND f.number = :number
  AND NOT EXISTS (SELECT 1 FROM identity i WHERE i.tenant_id = :tenant_id AND i.kind = f.kind
                  AND i.value = f.value)
ORDER BY f.kind, f.value;

-- name: remove_former_identities
-- Nobody knows what a member was called.
DELETE FROM former_identity WHERE tenant_id = :tenant_id AND number = :number;

-- name: clear_former_identities
-- Before a rebuild.
DELETE FROM former_identity WHERE tenant_id = :tenant_id;

-- name: remove_seal
-- Destroy a key: what is sealed under it cannot be read any more.
DELETE FROM seal WHERE tenant_id = :tenant_id AND number = :number;

-- name: remove_identities
-- Nobody is called so any more.
DELETE FROM identity WHERE tenant_id = :tenant_id AND number = :number;

-- name: forget_member
-- Nothing personal is left of a member.
UPDATE member SET profile = '{}', subscription = NULL, updated_at = :updated_at
WHERE tenant_id = :tenant_id AND number = :number;

-- name: forget_activities
-- What was reported with some of a member's activities (a JSON list of positions).
UPDATE activity SET data = NULL
WHERE tenant_id = :tenant_id AND number = :number
  AND position IN (SELECT value FROM json_each(:positions));

-- name: purchases_of_nobody
-- Some purchases that belong to nobody, with what they say of the buyer.
SELECT position, seal_number, customer_email, customer_phone, customer_card FROM purchase
WHERE tenant_id = :tenant_id AND number = 0 AND position > :after
ORDER BY position LIMIT :limit;

-- name: forget_purchase_customer
-- Nothing personal is left in a purchase.
UPDATE purchase SET customer = '{}', customer_name = '', customer_email = '', customer_phone = '',
                    customer_card = ''
WHERE tenant_id = :tenant_id AND position = :position;

-- name: invitations_of_nobody
-- Some invitations that nobody has taken yet; those that are forgotten have no seal.
SELECT position, invitation_id, seal_number, recipient_email, recipient_phone FROM invitation
WHERE tenant_id = :tenant_id AND recipient IS NULL AND position > :after
ORDER BY position LIMIT :limit;

-- name: outcomes_from
-- A run of outcomes, oldest first.
SELECT outcome_id, path, reason, body FROM outcome
WHERE tenant_id = :tenant_id AND outcome_id > :after ORDER BY outcome_id LIMIT :limit;

-- name: forget_outcome
-- That a request was refused stays, what it held does not.
UPDATE outcome SET path = '', reason = '', body = :body
WHERE tenant_id = :tenant_id AND outcome_id = :outcome_id;

-- name: waiting_deliveries_of
-- How much still was to be sent to or about somebody.
SELECT COUNT(*) FROM delivery
WHERE tenant_id = :tenant_id AND number = :number AND target <> '' AND outcome IS NULL;

-- name: waiting_deliveries_to
-- The same by the address it was to be sent to.
SELECT COUNT(*) FROM delivery
WHERE tenant_id = :tenant_id AND target = :target AND target <> '' AND outcome IS NULL;

-- name: forget_deliveries_of
-- What was sent to or about somebody, or still was to be. Mail and SMS become due once more: without
-- a target that means taking a file back, and not before an attempt under way has ended.
UPDATE delivery SET target = '', subject = '', body = '', last_error = NULL, fence = fence + 1,
       attempts = 0, outcome = COALESCE(outcome, 'forgotten'),
       due_at = CASE WHEN finished_at IS NULL THEN CAST(:due_at AS BIGINT)
                     ELSE CAST(:now AS BIGINT) END,
       finished_at = CASE WHEN kind = 'webhook'
                          THEN COALESCE(finished_at, CAST(:now AS BIGINT)) END
WHERE tenant_id = :tenant_id AND number = :number AND target <> '';

-- name: forget_deliveries_to
-- The same by the address it was sent to.
UPDATE delivery SET target = '', subject = '', body = '', last_error = NULL, fence = fence + 1,
       attempts = 0, outcome = COALESCE(outcome, 'forgotten'),
       due_at = CASE WHEN finished_at IS NULL THEN CAST(:due_at AS BIGINT)
                     ELSE CAST(:now AS BIGINT) END,
       finished_at = CASE WHEN kind = 'webhook'
                          THEN COALESCE(finished_at, CAST(:now AS BIGINT)) END
WHERE tenant_id = :tenant_id AND target = :target AND target <> '';
