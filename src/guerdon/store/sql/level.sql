-- name: member_level
-- Where a member stands.
SELECT level_id, manual_level_id, moved_at, window_from, earned_before, recalculated_at
FROM member_level WHERE tenant_id = :tenant_id AND number = :number;

-- name: registered_at
-- When a member joined.
SELECT registered_at FROM member WHERE tenant_id = :tenant_id AND number = :number;

-- name: points_earned
-- What a member has earned since they joined.
SELECT earned FROM account WHERE tenant_id = :tenant_id AND number = :number;

-- name: level_case
-- What a member's level is decided by, their points left aside.
SELECT m.member_id, l.level_id, l.manual_level_id, COALESCE(l.earned_before, 0),
       COALESCE(p.gross, 0), COALESCE(p.gross_without_delivery, 0),
       COALESCE(p.excluded_for_level, 0), COALESCE(s.status, 'new')
FROM member m
LEFT JOIN member_level l ON l.tenant_id = :tenant_id AND l.number = m.number
LEFT JOIN purchase_total p ON p.tenant_id = :tenant_id AND p.number = m.number
LEFT JOIN standing s ON s.tenant_id = :tenant_id AND s.number = m.number
WHERE m.tenant_id = :tenant_id AND m.number = :number;

-- name: set_member_level
-- Where a member stands from now on; the period of review began before and goes on.
INSERT INTO member_level (tenant_id, number, level_id, manual_level_id, moved_at, window_from,
                          earned_before)
VALUES (:tenant_id, :number, :level_id, :manual_level_id, :moved_at, :window_from, 0)
ON CONFLICT (tenant_id, number) DO UPDATE
SET level_id = excluded.level_id, manual_level_id = excluded.manual_level_id,
    moved_at = excluded.moved_at;

-- name: begin_level_window
-- A member's new period of review; where it will never begin, it does not.
UPDATE member_level
SET window_from = :window_from, earned_before = :earned_before, recalculated_at = :window_from,
    window_position = :window_position
WHERE tenant_id = :tenant_id AND number = :number AND window_from <= :window_from;

-- name: lower_earned_before
-- Points that a member had earned before their present period of review count no more.
UPDATE member_level SET earned_before = earned_before - :points
WHERE tenant_id = :tenant_id AND number = :number
  AND window_position > :earned_by AND earned_before >= :points;

-- name: end_level_reviews
-- A member is not reviewed any more: their period will never have begun.
UPDATE member_level SET window_from = :never WHERE tenant_id = :tenant_id AND number = :number;

-- name: level_total
-- How many members a level has.
SELECT members FROM level_total WHERE tenant_id = :tenant_id AND level_id = :level_id;

-- name: level_totals
-- How many members each level has.
SELECT level_id, members FROM level_total WHERE tenant_id = :tenant_id ORDER BY level_id;

-- name: change_level_total
-- A level has some members more or fewer.
INSERT INTO level_total (tenant_id, level_id, members) VALUES (:tenant_id, :level_id, :change)
ON CONFLICT (tenant_id, level_id) DO UPDATE SET members = level_total.members + excluded.members;

-- name: level_members
-- A page of a level's members, by number.
SELECT number FROM member_level
WHERE tenant_id = :tenant_id AND level_id = :level_id AND number > :after
ORDER BY number LIMIT :limit OFFSET :offset;

-- name: level_members_before
-- A page of a level's members, the last number first.
SELECT number FROM member_level
WHERE tenant_id = :tenant_id AND level_id = :level_id AND number < :before
ORDER BY number DESC LIMIT :limit;

-- name: levels_due
-- Whose period of review began before a moment, longest first.
SELECT number FROM member_level
WHERE tenant_id = :tenant_id AND window_from <= :until
ORDER BY window_from, number LIMIT :limit;

-- name: numbers_after
-- The next members by number.
SELECT number FROM member WHERE tenant_id = :tenant_id AND number > :after
ORDER BY number LIMIT :limit;

-- name: definition_changes
-- How often something was defined, and how often removed.
SELECT total FROM counter WHERE tenant_id = :tenant_id AND name IN (:defined, :removed);

-- name: sweep
-- How far a walk over all members has come.
SELECT target, number, finished FROM sweep WHERE tenant_id = :tenant_id AND name = :name;

-- name: set_sweep
-- A walk's new place.
INSERT INTO sweep (tenant_id, name, target, number, finished)
VALUES (:tenant_id, :name, :target, :number, :finished)
ON CONFLICT (tenant_id, name) DO UPDATE
SET target = excluded.target, number = excluded.number, finished = excluded.finished;

-- name: clear_member_levels
-- Empty before a rebuild.
DELETE FROM member_level WHERE tenant_id = :tenant_id;

-- name: clear_level_totals
-- Empty before a rebuild.
DELETE FROM level_total WHERE tenant_id = :tenant_id;
