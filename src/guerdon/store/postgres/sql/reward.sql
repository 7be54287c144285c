-- name: retire_codes
-- Codes that were sold (a JSON list) leave the stock, and are remembered as 2: never sold one by
-- one again.
UPDATE coupon_stock SET sold = 2
WHERE tenant_id = :tenant_id AND reward_id = :reward_id AND sold = 1
  AND code = ANY (ARRAY(SELECT json_array_elements_text(CAST(:codes AS json))));

-- name: retired_codes
-- Which of some codes (a JSON list) were sold and left the stock.
SELECT code FROM coupon_stock
WHERE tenant_id = :tenant_id AND reward_id = :reward_id AND sold = 2
  AND code = ANY (ARRAY(SELECT json_array_elements_text(CAST(:codes AS json))));
