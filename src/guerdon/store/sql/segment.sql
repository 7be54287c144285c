-- name: segment_case
-- What a member's segments are decided by.
SELECT m.member_id, m.registered_at, m.profile, COALESCE(p.purchases, 0), COALESCE(p.gross, 0),
       COALESCE(p.last_at, 0), COALESCE(s.status, 'new'), r.due_at
FROM member m
LEFT JOIN purchase_total p ON p.tenant_id = :tenant_id AND p.number = m.number
LEFT JOIN standing s ON s.tenant_id = :tenant_id AND s.number = m.number
LEFT JOIN segment_review r ON r.tenant_id = :tenant_id AND r.number = m.number
WHERE m.tenant_id = :tenant_id AND m.number = :number;

-- name: bought_between
-- A purchase made by a member in a span of time, if there is one.
SELECT position FROM purchase
WHERE tenant_id = :tenant_id AND number = :number AND is_return = 0
  AND purchased_at BETWEEN :from_time AND :to_time
LIMIT 1;

-- name: segments_of_member
-- The active segments a member belongs to.
SELECT s.segment_id
FROM segment_member s
JOIN definition d ON d.tenant_id = :tenant_id AND d.kind = 'Segment'
  AND d.definition_id = s.segment_id AND d.active = 1
WHERE s.tenant_id = :tenant_id AND s.number = :number
ORDER BY d.ordinal;

-- name: segments_of_members
-- The active segments some members (a JSON list of numbers) belong to.
SELECT s.number, s.segment_id
FROM json_each(:numbers) n
CROSS JOIN segment_member s
JOIN definition d ON d.tenant_id = :tenant_id AND d.kind = 'Segment'
  AND d.definition_id = s.segment_id AND d.active = 1
WHERE s.tenant_id = :tenant_id AND s.number = n.value
ORDER BY s.number, d.ordinal;

-- name: memberships
-- All segments a member was added to, with what was counted.
SELECT segment_id, purchases, gross FROM segment_member
WHERE tenant_id = :tenant_id AND number = :number ORDER BY segment_id;

-- name: add_to_segment
-- A member belongs to a segment.
INSERT INTO segment_member (tenant_id, segment_id, number, added_at, purchases, gross)
VALUES (:tenant_id, :segment_id, :number, :added_at, :purchases, :gross);

-- name: remove_from_segment
-- A member no longer belongs to a segment.
DELETE FROM segment_member
WHERE tenant_id = :tenant_id AND segment_id = :segment_id AND number = :number;

-- name: recount_segment_member
-- What a member has bought by now.
UPDATE segment_member SET purchases = :purchases, gross = :gross
WHERE tenant_id = :tenant_id AND segment_id = :segment_id AND number = :number;

-- name: change_segment_total
-- What a segment's members are and have bought, changed by so much.
INSERT INTO segment_total (tenant_id, segment_id, members, purchases, gross)
VALUES (:tenant_id, :segment_id, :members, :purchases, :gross)
ON CONFLICT (tenant_id, segment_id) DO UPDATE
SET members = segment_total.members + excluded.members,
    purchases = segment_total.purchases + excluded.purchases,
    gross = segment_total.gross + excluded.gross;

-- name: segment_totals
-- What each segment's members are and have bought.
SELECT segment_id, members, purchases, gross FROM segment_total
WHERE tenant_id = :tenant_id ORDER BY segment_id;

-- name: segment_members
-- A page of a segment's members, by number.
SELECT number FROM segment_member
WHERE tenant_id = :tenant_id AND segment_id = :segment_id AND number > :after
ORDER BY number LIMIT :limit OFFSET :offset;

-- name: segment_members_before
-- A page of a segment's members, the last number first.
SELECT number FROM segment_member
WHERE tenant_id = :tenant_id AND segment_id = :segment_id AND number < :before
ORDER BY number DESC LIMIT :limit;

-- name: plan_segment_review
-- Look at a member again then.
INSERT INTO segment_review (tenant_id, number, due_at) VALUES (:tenant_id, :number, :due_at)
ON CONFLICT (tenant_id, number) DO UPDATE SET due_at = excluded.due_at;

-- name: drop_segment_review
-- Time alone changes nothing for this member.
DELETE FROM segment_review WHERE tenant_id = :tenant_id AND number = :number;

-- name: segment_reviews_due
-- Whom to look at now, longest due first.
SELECT number FROM segment_review
WHERE tenant_id = :tenant_id AND due_at <= :now ORDER BY due_at, number LIMIT :limit;

-- name: clear_segment_members
-- Empty before a rebuild.
DELETE FROM segment_member WHERE tenant_id = :tenant_id;

-- name: clear_segment_totals
-- Empty before a rebuild.
DELETE FROM segment_total WHERE tenant_id = :tenant_id;
