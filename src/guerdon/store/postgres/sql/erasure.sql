-- name: forget_activities
-- What was reported with some of a member's activities (a JSON list of positions).
UPDATE activity SET data = NULL
WHERE tenant_id = :tenant_id AND number = :number
  AND position = ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST(:positions AS json))
                                        AS bigint)));
