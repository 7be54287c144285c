-- name: identity_numbers
-- Which members some identities name (a JSON list of lists of kind and value).
SELECT i.kind, i.value, i.number
FROM json_array_elements(CAST(:names AS json)) n
JOIN identity i ON i.tenant_id = :tenant_id AND i.kind = n ->> 0 AND i.value = n ->> 1;
