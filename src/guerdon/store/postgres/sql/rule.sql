-- name: types_with_names
-- The ids of activity types, hidden ones too, by name; `names` is a JSON list.
SELECT type_id, name FROM activity_type
WHERE tenant_id = :tenant_id
  AND name = ANY (ARRAY(SELECT json_array_elements_text(CAST(:names AS json)))) ORDER BY type_id;
