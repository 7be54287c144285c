-- name: answered_keys
-- Which of some keys (a JSON list of hashes in hexadecimal) have an answer in a window.
SELECT key_hash FROM idempotency
WHERE tenant_id = :tenant_id AND key_window = :key_window AND key_hash = ANY (ARRAY(
    SELECT decode(json_array_elements_text(CAST(:key_hashes AS json)), 'hex')));
