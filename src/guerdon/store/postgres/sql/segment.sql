-- name: segments_of_members
-- The active segments some members (a JSON list of numbers) belong to.
SELECT s.number, s.segment_id
FROM segment_member s
JOIN definition d ON d.tenant_id = :tenant_id AND d.kind = 'Segment'
  AND d.definition_id = s.segment_id AND d.active = 1
WHERE s.tenant_id = :tenant_id
  AND s.number = ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST(:numbers AS json))
                                        AS bigint)))
ORDER BY s.number, d.ordinal;
