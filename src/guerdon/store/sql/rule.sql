-- name: rule_uses
-- How often a member has used a rule in a window.
SELECT uses FROM rule_use
WHERE tenant_id = :tenant_id AND number = :number AND rule_id = :rule_id AND span = :span;

-- name: uses_of_member
-- Everything a member has used, window by window.
SELECT rule_id, span, uses FROM rule_use
WHERE tenant_id = :tenant_id AND number = :number ORDER BY rule_id, span;

-- name: count_rule_use
-- One use more.
INSERT INTO rule_use (tenant_id, number, rule_id, span, uses)
VALUES (:tenant_id, :number, :rule_id, :span, 1)
ON CONFLICT (tenant_id, number, rule_id, span) DO UPDATE SET uses = rule_use.uses + 1;

-- name: clear_rule_uses
-- Before they are folded again.
DELETE FROM rule_use WHERE tenant_id = :tenant_id;

-- name: rule_facts
-- What rules ask about some members (a JSON list of numbers).
SELECT m.number, m.member_id, s.status, s.pos_id, l.level_id
FROM member m
LEFT JOIN standing s ON s.tenant_id = :tenant_id AND s.number = m.number
LEFT JOIN member_level l ON l.tenant_id = :tenant_id AND l.number = m.number
WHERE m.tenant_id = :tenant_id AND m.number IN (SELECT value FROM json_each(:numbers));

-- name: activities_of_types_between
-- A run of the activity journal, of some types (a JSON list); what is being deleted is left out.
SELECT a.position, a.type_id, a.number, a.occurred_at, a.recorded_at
FROM activity a
WHERE a.tenant_id = :tenant_id AND a.position > :after AND a.position <= :until
  AND a.type_id IN (SELECT value FROM json_each(:type_ids))
  AND NOT EXISTS (SELECT 1 FROM activity_deletion d
                  WHERE d.tenant_id = :tenant_id AND d.finished_at IS NULL
                    AND d.type_id = a.type_id AND a.position <= d.position_max
                    AND a.occurred_at BETWEEN d.occurred_from AND d.occurred_to)
ORDER BY a.position LIMIT :limit;

-- name: next_recorded
-- The first activity from a position on, and when it was recorded.
SELECT position, recorded_at FROM activity
WHERE tenant_id = :tenant_id AND position >= :position ORDER BY position LIMIT 1;

-- name: types_with_names
-- The ids of activity types, hidden ones too, by name; `names` is a JSON list.
SELECT type_id, name FROM activity_type
WHERE tenant_id = :tenant_id AND name IN (SELECT value FROM json_each(:names)) ORDER BY type_id;
