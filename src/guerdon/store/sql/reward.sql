-- name: reward_tally
-- What was sold of a reward, and what is left.
SELECT last_ordinal, stocked, free, bought, used, buyers
FROM reward_tally WHERE tenant_id = :tenant_id AND reward_id = :reward_id;

-- name: reward_tallies
-- The same for every reward.
SELECT reward_id, stocked, free, bought, used, buyers
FROM reward_tally WHERE tenant_id = :tenant_id;

-- name: change_reward_tally
-- A reward's counts change by so much.
INSERT INTO reward_tally (tenant_id, reward_id, last_ordinal, stocked, free, bought, used, buyers)
VALUES (:tenant_id, :reward_id, :last_ordinal, :stocked, :free, :bought, :used, :buyers)
ON CONFLICT (tenant_id, reward_id) DO UPDATE
SET last_ordinal = reward_tally.last_ordinal + excluded.last_ordinal,
    stocked = reward_tally.stocked + excluded.stocked,
    free = reward_tally.free + excluded.free,
    bought = reward_tally.bought + excluded.bought,
    used = reward_tally.used + excluded.used,
    buyers = reward_tally.buyers + excluded.buyers;

-- name: reward_bought_by
-- How many coupons of a reward a member has.
SELECT bought FROM reward_buyer
WHERE tenant_id = :tenant_id AND reward_id = :reward_id AND number = :number;

-- name: rewards_bought_by
-- How many coupons of each reward a member has.
SELECT reward_id, bought FROM reward_buyer WHERE tenant_id = :tenant_id AND number = :number;

-- name: add_reward_buyer
-- A member who may not have had this reward before; one row when they had not.
INSERT INTO reward_buyer (tenant_id, reward_id, number, bought)
VALUES (:tenant_id, :reward_id, :number, 0)
ON CONFLICT (tenant_id, reward_id, number) DO NOTHING;

-- name: change_reward_buyer
-- A member has some coupons of a reward more or fewer.
UPDATE reward_buyer SET bought = bought + :change
WHERE tenant_id = :tenant_id AND reward_id = :reward_id AND number = :number;

-- name: free_codes
-- The next codes that were never sold.
SELECT code FROM coupon_stock
WHERE tenant_id = :tenant_id AND reward_id = :reward_id AND sold = 0
ORDER BY ordinal LIMIT :limit;

-- name: first_code
-- The code that everybody gets where there is a single one.
SELECT code FROM coupon_stock
WHERE tenant_id = :tenant_id AND reward_id = :reward_id AND sold < 2 ORDER BY ordinal LIMIT 1;

-- name: codes
-- A page of a reward's stock, sold or not.
SELECT ordinal, code, sold FROM coupon_stock
WHERE tenant_id = :tenant_id AND reward_id = :reward_id AND ordinal > :after AND sold < 2
ORDER BY ordinal LIMIT :limit;

-- name: add_code
-- One code more in stock.
INSERT INTO coupon_stock (tenant_id, reward_id, ordinal, code, sold)
VALUES (:tenant_id, :reward_id, :ordinal, :code, 0);

-- name: sell_code
-- A code is sold, once and for all.
UPDATE coupon_stock SET sold = 1
WHERE tenant_id = :tenant_id AND reward_id = :reward_id AND code = :code AND sold = 0;

-- name: withdraw_code
-- A code that was never sold leaves the stock.
DELETE FROM coupon_stock
WHERE tenant_id = :tenant_id AND reward_id = :reward_id AND code = :code AND sold = 0;

-- name: retire_codes
-- Codes that were sold (a JSON list) leave the stock, and are remembered as 2: never sold one by
-- one again.
UPDATE coupon_stock SET sold = 2
WHERE tenant_id = :tenant_id AND reward_id = :reward_id AND sold = 1
  AND code IN (SELECT value FROM json_each(:codes));

-- name: retired_codes
-- Which of some codes (a JSON list) were sold and left the stock.
SELECT code FROM coupon_stock
WHERE tenant_id = :tenant_id AND reward_id = :reward_id AND sold = 2
  AND code IN (SELECT value FROM json_each(:codes));

-- name: restock_code
-- A code that was sold and left the stock is in it again, behind the others.
UPDATE coupon_stock SET sold = 1, ordinal = :ordinal
WHERE tenant_id = :tenant_id AND reward_id = :reward_id AND code = :code;

-- name: coupon
-- One bought coupon.
SELECT ordinal, coupon_id, number, member_id, reward_id, reward, name, code, cost, status,
       bought_at, active_since, active_to, used, used_at, transaction_id, used_transaction_id,
       returned, delivery_status, cashback_status, worth
FROM bought_coupon WHERE tenant_id = :tenant_id AND coupon_id = :coupon_id;

-- name: add_coupon
-- A coupon was bought.
INSERT INTO bought_coupon (tenant_id, ordinal, coupon_id, number, member_id, reward_id, reward,
                           name, code, cost, status, bought_at, active_since, active_to, due_at,
                           used, transaction_id, returned, delivery_status, cashback_status, worth)
VALUES (:tenant_id, :ordinal, :coupon_id, :number, :member_id, :reward_id, :reward, :name, :code,
        :cost, :status, :bought_at, :active_since, :active_to, :due_at, 0, :transaction_id, 0, '',
        '', :worth);

-- name: set_coupon_usage
-- A coupon was used, or was not after all.
UPDATE bought_coupon
SET used = :used, used_at = :used_at, used_transaction_id = :used_transaction_id, due_at = :due_at
WHERE tenant_id = :tenant_id AND coupon_id = :coupon_id;

-- name: set_coupon_status
-- A coupon can be used from now on, or no longer.
UPDATE bought_coupon SET status = :status, due_at = :due_at
WHERE tenant_id = :tenant_id AND coupon_id = :coupon_id;

-- name: set_coupon_code
-- A coupon has another code.
UPDATE bought_coupon SET code = :code WHERE tenant_id = :tenant_id AND coupon_id = :coupon_id;

-- name: add_coupon_returned
-- Part of a used coupon was given back.
UPDATE bought_coupon SET returned = returned + :value
WHERE tenant_id = :tenant_id AND coupon_id = :coupon_id;

-- name: set_coupon_delivery
-- What was bought is on its way, or has come, or will not.
UPDATE bought_coupon SET delivery_status = :status
WHERE tenant_id = :tenant_id AND coupon_id = :coupon_id;

-- name: set_coupon_cashback
-- What has become of a payment.
UPDATE bought_coupon SET cashback_status = :status
WHERE tenant_id = :tenant_id AND coupon_id = :coupon_id;

-- name: coupons_due
-- Coupons whose status changes by itself, longest due first.
SELECT coupon_id FROM bought_coupon
WHERE tenant_id = :tenant_id AND due_at IS NOT NULL AND due_at <= :now
ORDER BY due_at, ordinal LIMIT :limit;

-- name: coupons_granted
-- Coupons that came with a purchase.
SELECT coupon_id FROM bought_coupon
WHERE tenant_id = :tenant_id AND transaction_id IS NOT NULL AND transaction_id = :transaction_id
ORDER BY ordinal;

-- name: coupons_spent
-- Coupons that were used with a purchase.
SELECT coupon_id FROM bought_coupon
WHERE tenant_id = :tenant_id AND used_transaction_id IS NOT NULL
  AND used_transaction_id = :transaction_id
ORDER BY ordinal;

-- name: cashback_redeemed
-- The points a member turned into cashback since a moment, in hundredths.
SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM bought_coupon
WHERE tenant_id = :tenant_id AND number = :number AND bought_at >= :since
  AND reward = 'cashback' AND status <> 'cancelled';

-- name: member_coupons
-- A page of a member's coupons, oldest first.
SELECT ordinal, coupon_id, number, member_id, reward_id, reward, name, code, cost, status,
       bought_at, active_since, active_to, used, used_at, transaction_id, used_transaction_id,
       returned, delivery_status, cashback_status, worth
FROM bought_coupon WHERE tenant_id = :tenant_id AND number = :number
ORDER BY ordinal LIMIT :limit OFFSET :offset;

-- name: member_coupons_back
-- A page of a member's coupons, newest first.
SELECT ordinal, coupon_id, number, member_id, reward_id, reward, name, code, cost, status,
       bought_at, active_since, active_to, used, used_at, transaction_id, used_transaction_id,
       returned, delivery_status, cashback_status, worth
FROM bought_coupon WHERE tenant_id = :tenant_id AND number = :number
ORDER BY ordinal DESC LIMIT :limit OFFSET :offset;

-- name: member_coupons_by_use
-- A page of a member's coupons, those not used first.
SELECT ordinal, coupon_id, number, member_id, reward_id, reward, name, code, cost, status,
       bought_at, active_since, active_to, used, used_at, transaction_id, used_transaction_id,
       returned, delivery_status, cashback_status, worth
FROM bought_coupon WHERE tenant_id = :tenant_id AND number = :number
ORDER BY used, ordinal LIMIT :limit OFFSET :offset;

-- name: member_coupons_by_use_back
-- A page of a member's coupons, those used first.
SELECT ordinal, coupon_id, number, member_id, reward_id, reward, name, code, cost, status,
       bought_at, active_since, active_to, used, used_at, transaction_id, used_transaction_id,
       returned, delivery_status, cashback_status, worth
FROM bought_coupon WHERE tenant_id = :tenant_id AND number = :number
ORDER BY used DESC, ordinal LIMIT :limit OFFSET :offset;

-- name: coupons_bought
-- Bought coupons that fit, between two others, oldest first. A bound of -1, or an empty text, is
-- none.
SELECT ordinal, coupon_id, number, member_id, reward_id, reward, name, code, cost, status,
       bought_at, active_since, active_to, used, used_at, transaction_id, used_transaction_id,
       returned, delivery_status, cashback_status, worth
FROM bought_coupon
WHERE tenant_id = :tenant_id AND ordinal > :after AND ordinal < :before
  AND (used = :used OR :used = -1)
  AND (used_at >= :used_from OR :used_from = -1)
  AND (used_at <= :used_to OR :used_to = -1)
  AND (active_since >= :since_from OR :since_from = -1)
  AND (active_since <= :since_to OR :since_to = -1)
  AND (active_to >= :to_from OR :to_from = -1)
  AND (active_to <= :to_to OR :to_to = -1)
  AND (delivery_status = :delivery OR :delivery = '')
ORDER BY ordinal LIMIT :limit;

-- name: coupons_bought_back
-- Bought coupons that fit, between two others, newest first. Bounds as above.
SELECT ordinal, coupon_id, number, member_id, reward_id, reward, name, code, cost, status,
       bought_at, active_since, active_to, used, used_at, transaction_id, used_transaction_id,
       returned, delivery_status, cashback_status, worth
FROM bought_coupon
WHERE tenant_id = :tenant_id AND ordinal > :after AND ordinal < :before
  AND (used = :used OR :used = -1)
  AND (used_at >= :used_from OR :used_from = -1)
  AND (used_at <= :used_to OR :used_to = -1)
  AND (active_since >= :since_from OR :since_from = -1)
  AND (active_since <= :since_to OR :since_to = -1)
  AND (active_to >= :to_from OR :to_from = -1)
  AND (active_to <= :to_to OR :to_to = -1)
  AND (delivery_status = :delivery OR :delivery = '')
ORDER BY ordinal DESC LIMIT :limit;

-- name: coupon_bought_since
-- The first coupon bought at a moment or after it.
SELECT ordinal FROM bought_coupon WHERE tenant_id = :tenant_id AND bought_at >= :moment
ORDER BY bought_at, ordinal LIMIT 1;

-- name: bought_tally
-- How many coupons a member has, or everybody (number 0), and how many of them were used.
SELECT coupons, used FROM bought_tally WHERE tenant_id = :tenant_id AND number = :number;

-- name: change_bought_tally
-- Some coupons more, some more of them used.
INSERT INTO bought_tally (tenant_id, number, coupons, used)
VALUES (:tenant_id, :number, :coupons, :used)
ON CONFLICT (tenant_id, number) DO UPDATE
SET coupons = bought_tally.coupons + excluded.coupons, used = bought_tally.used + excluded.used;

-- name: clear_coupon_stock
-- Empty before a rebuild.
DELETE FROM coupon_stock WHERE tenant_id = :tenant_id;

-- name: clear_bought_coupons
-- Empty before a rebuild.
DELETE FROM bought_coupon WHERE tenant_id = :tenant_id;

-- name: clear_reward_tallies
-- Empty before a rebuild.
DELETE FROM reward_tally WHERE tenant_id = :tenant_id;

-- name: clear_reward_buyers
-- Empty before a rebuild.
DELETE FROM reward_buyer WHERE tenant_id = :tenant_id;

-- name: clear_bought_tallies
-- Empty before a rebuild.
DELETE FROM bought_tally WHERE tenant_id = :tenant_id;
