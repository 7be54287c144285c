-- name: decisions_at
-- Some decisions (a JSON list of positions), and on whose behalf they were made.
SELECT e.position, e.type, e.aggregate, e.number, e.recorded_at, e.payload, e.sealed, e.sealed_at,
       e.sealed_chars, e.actor
FROM decision e
WHERE e.tenant_id = :tenant_id
  AND e.position = ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST(:positions AS json))
                                          AS bigint)))
ORDER BY e.position;
