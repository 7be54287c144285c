-- name: append_activity
-- Rows of the activity journal, column by column; a large batch takes the same columns by COPY.
INSERT INTO activity (tenant_id, position, type_id, number, occurred_at, recorded_at, key_id, data)
SELECT * FROM unnest(:tenant_id::bigint[], :position::bigint[], :type_id::bigint[],
                     :number::bigint[], :occurred_at::bigint[], :recorded_at::bigint[],
                     :key_id::bigint[], :data::text[]);

-- name: activities_at
-- The activities at some positions (a JSON list); those that are gone are left out.
SELECT a.position, a.type_id, a.number, a.occurred_at, a.recorded_at, a.key_id,
       CASE WHEN EXISTS (SELECT 1 FROM erasure f WHERE f.tenant_id = :tenant_id
                         AND f.number = a.number AND f.finished_at IS NULL)
            THEN NULL ELSE a.data END
FROM activity a
WHERE a.tenant_id = :tenant_id
  AND a.position = ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST(:positions AS json))
                                          AS bigint)))
  AND NOT EXISTS (SELECT 1 FROM activity_deletion d
                  WHERE d.tenant_id = :tenant_id AND d.finished_at IS NULL
                    AND d.type_id = a.type_id AND a.position <= d.position_max
                    AND a.occurred_at BETWEEN d.occurred_from AND d.occurred_to)
ORDER BY a.position;
