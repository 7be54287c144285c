-- name: answered_keys
-- Which of some keys (a JSON list of hashes in hexadecimal) have an answer in a window.
SELECT key_hash FROM idempotency
WHERE tenant_id = :tenant_id AND key_window = :key_window AND key_hash = ANY (ARRAY(
    SELECT decode(json_array_elements_text(CAST(:key_hashes AS json)), 'hex')));

-- name: due_deliveries_beside
-- Which are due that are in none of some lanes (a JSON list of texts).
-- cross-tenant: the outside is served for all tenants by one clock
SELECT tenant_id, delivery_id FROM delivery
WHERE finished_at IS NULL AND due_at <= :now
  AND CASE kind WHEN 'webhook' THEN CAST(tenant_id AS TEXT) || ' ' || target ELSE kind || ' ' END
      <> ALL (ARRAY(SELECT json_array_elements_text(CAST(:lanes AS json))))
ORDER BY due_at LIMIT :limit;
