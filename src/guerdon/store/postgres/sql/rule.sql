-- name: rule_facts
-- What rules ask about some members (a JSON list of numbers).
SELECT m.number, m.member_id, s.status, s.pos_id, l.level_id
FROM member m
LEFT JOIN standing s ON s.tenant_id = :tenant_id AND s.number = m.number
LEFT JOIN member_level l ON l.tenant_id = :tenant_id AND l.number = m.number
WHERE m.tenant_id = :tenant_id
  AND m.number = ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST(:numbers AS json))
                                        AS bigint)));

-- name: activities_of_types_between
-- A run of the activity journal, of some types (a JSON list); what is being deleted is left out.
SELECT a.position, a.type_id, a.number, a.occurred_at, a.recorded_at
FROM activity a
WHERE a.tenant_id = :tenant_id AND a.position > :after AND a.position <= :until
  AND a.type_id = ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST(:type_ids AS json))
                                         AS bigint)))
  AND NOT EXISTS (SELECT 1 FROM activity_deletion d
                  WHERE d.tenant_id = :tenant_id AND d.finished_at IS NULL
                    AND d.type_id = a.type_id AND a.position <= d.position_max
                    AND a.occurred_at BETWEEN d.occurred_from AND d.occurred_to)
ORDER BY a.position LIMIT :limit;

-- name: types_with_names
-- The ids of activity types, hidden ones too, by name; `names` is a JSON list.
SELECT type_id, name FROM activity_type
WHERE tenant_id = :tenant_id
  AND name = ANY (ARRAY(SELECT json_array_elements_text(CAST(:names AS json)))) ORDER BY type_id;
