-- name: seals
-- The wrapped keys of some members (a JSON list of numbers).
SELECT number, wrapped FROM seal
WHERE tenant_id = :tenant_id
  AND number = ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST(:numbers AS json))
                                      AS bigint)));
