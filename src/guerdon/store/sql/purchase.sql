-- name: purchase
-- One purchase by the place of its decision.
SELECT position, purchase_id, document_number, is_return, purchased_at, place, pos_id,
       revised_document, number, registered_at, assigned_at, returned, items, labels, exclusions,
       customer
FROM purchase WHERE tenant_id = :tenant_id AND position = :position;

-- name: purchase_by_id
-- One purchase by uuid.
SELECT position, purchase_id, document_number, is_return, purchased_at, place, pos_id,
       revised_document, number, registered_at, assigned_at, returned, items, labels, exclusions,
       customer
FROM purchase WHERE tenant_id = :tenant_id AND purchase_id = :purchase_id;

-- name: purchase_by_document
-- One purchase by its document's number.
SELECT position, purchase_id, document_number, is_return, purchased_at, place, pos_id,
       revised_document, number, registered_at, assigned_at, returned, items, labels, exclusions,
       customer
FROM purchase WHERE tenant_id = :tenant_id AND document_number = :document_number;

-- name: returns_of
-- The returns of a purchase, in the order they were registered.
SELECT position FROM purchase
WHERE tenant_id = :tenant_id AND revised_document = :document_number AND is_return = 1
ORDER BY position;

-- name: purchases_of_member_between
-- A member's purchases of a span of time, by the time they were made.
SELECT position FROM purchase
WHERE tenant_id = :tenant_id AND number = :number AND purchased_at BETWEEN :from_time AND :to_time
ORDER BY purchased_at, position LIMIT :limit;

-- name: purchases_up
-- A page of all purchases, oldest first.
SELECT position FROM purchase WHERE tenant_id = :tenant_id
ORDER BY position LIMIT :limit OFFSET :offset;

-- name: purchases_down
-- A page of all purchases, newest first.
SELECT position FROM purchase WHERE tenant_id = :tenant_id
ORDER BY position DESC LIMIT :limit OFFSET :offset;

-- name: purchases_matching
-- A page of the purchases that match, ordered as asked: by a number or by a text, up or down.
SELECT position FROM purchase
WHERE tenant_id = :tenant_id
  AND number BETWEEN :number_from AND :number_to
  AND is_return BETWEEN :return_from AND :return_to
  AND purchased_at BETWEEN :purchased_from AND :purchased_to
  AND gross BETWEEN :gross_from AND :gross_to
  AND (:pos_id = '' OR pos_id = :pos_id)
  AND (:document_number = '' OR replace(document_number, :document_number, '') <> document_number)
  AND (:name = '' OR replace(customer_name, :name, '') <> customer_name)
  AND (:email = '' OR replace(customer_email, :email, '') <> customer_email)
  AND (:phone = '' OR replace(customer_phone, :phone, '') <> customer_phone)
  AND (:card = '' OR replace(customer_card, :card, '') <> customer_card)
  AND (:label_1 = '' OR replace(labels, :label_1, '') <> labels)
  AND (:label_2 = '' OR replace(labels, :label_2, '') <> labels)
  AND (:label_3 = '' OR replace(labels, :label_3, '') <> labels)
ORDER BY
    CASE CAST(:sort AS BIGINT)
        WHEN 1 THEN purchased_at WHEN 2 THEN gross WHEN 3 THEN is_return WHEN 4 THEN number ELSE 0
    END * CAST(:direction AS BIGINT),
    CASE CAST(:sort AS BIGINT) * CAST(:direction AS BIGINT)
        WHEN 5 THEN document_number WHEN 6 THEN place WHEN 7 THEN purchase_id ELSE ''
    END,
    CASE CAST(:sort AS BIGINT) * CAST(:direction AS BIGINT)
        WHEN -5 THEN document_number WHEN -6 THEN place WHEN -7 THEN purchase_id ELSE ''
    END DESC,
    position * CAST(:direction AS BIGINT)
LIMIT :limit OFFSET :offset;

-- name: count_purchases_matching
-- How many match.
SELECT count(*) FROM purchase
WHERE tenant_id = :tenant_id
  AND number BETWEEN :number_from AND :number_to
  AND is_return BETWEEN :return_from AND :return_to
  AND purchased_at BETWEEN :purchased_from AND :purchased_to
  AND gross BETWEEN :gross_from AND :gross_to
  AND (:pos_id = '' OR pos_id = :pos_id)
  AND (:document_number = '' OR replace(document_number, :document_number, '') <> document_number)
  AND (:name = '' OR replace(customer_name, :name, '') <> customer_name)
  AND (:email = '' OR replace(customer_email, :email, '') <> customer_email)
  AND (:phone = '' OR replace(customer_phone, :phone, '') <> customer_phone)
  AND (:card = '' OR replace(customer_card, :card, '') <> customer_card)
  AND (:label_1 = '' OR replace(labels, :label_1, '') <> labels)
  AND (:label_2 = '' OR replace(labels, :label_2, '') <> labels)
  AND (:label_3 = '' OR replace(labels, :label_3, '') <> labels);

-- name: add_purchase
-- A purchase that belongs to nobody yet.
INSERT INTO purchase (tenant_id, position, purchase_id, document_number, is_return, purchased_at,
                      place, pos_id, revised_document, number, seal_number, registered_at, gross,
                      returned, items, labels, exclusions, customer, customer_name, customer_email,
                      customer_phone, customer_card)
VALUES (:tenant_id, :position, :purchase_id, :document_number, :is_return, :purchased_at,
        :place, :pos_id, :revised_document, 0, :seal_number, :registered_at, :gross,
        0, :items, :labels, :exclusions, :customer, :customer_name, :customer_email,
        :customer_phone, :customer_card);

-- name: assign_purchase
-- A purchase belongs to a member.
UPDATE purchase SET number = :number, assigned_at = :assigned_at
WHERE tenant_id = :tenant_id AND purchase_id = :purchase_id;

-- name: set_purchase_labels
-- A purchase's labels as they are now.
UPDATE purchase SET labels = :labels
WHERE tenant_id = :tenant_id AND purchase_id = :purchase_id;

-- name: set_purchase_returned
-- How much of a purchase came back.
UPDATE purchase SET returned = :returned
WHERE tenant_id = :tenant_id AND position = :position;

-- name: purchase_seals
-- Under which keys, other than the member's, details in a member's purchases are sealed.
SELECT DISTINCT seal_number FROM purchase
WHERE tenant_id = :tenant_id AND number = :number AND seal_number <> :number
ORDER BY seal_number;

-- name: forget_purchase_customers
-- Nothing personal is left in a member's purchases.
UPDATE purchase SET customer = '{}', customer_name = '', customer_email = '', customer_phone = '',
                    customer_card = ''
WHERE tenant_id = :tenant_id AND number = :number;

-- name: purchase_total
-- What a member bought altogether.
SELECT sales, purchases, gross, gross_without_delivery, excluded_for_level, first_at, last_at
FROM purchase_total WHERE tenant_id = :tenant_id AND number = :number;

-- name: set_purchase_total
-- What a member bought altogether, as it is now.
INSERT INTO purchase_total (tenant_id, number, sales, purchases, gross, gross_without_delivery,
                            excluded_for_level, first_at, last_at)
VALUES (:tenant_id, :number, :sales, :purchases, :gross, :gross_without_delivery,
        :excluded_for_level, :first_at, :last_at)
ON CONFLICT (tenant_id, number) DO UPDATE
SET sales = excluded.sales, purchases = excluded.purchases, gross = excluded.gross,
    gross_without_delivery = excluded.gross_without_delivery,
    excluded_for_level = excluded.excluded_for_level, first_at = excluded.first_at,
    last_at = excluded.last_at;

-- name: purchase_places
-- Where a member bought, and how often.
SELECT pos_id, purchases FROM purchase_place
WHERE tenant_id = :tenant_id AND number = :number ORDER BY pos_id;

-- name: add_purchase_place
-- A member's purchases at one place become more or, after a return, fewer.
INSERT INTO purchase_place (tenant_id, pos_id, number, purchases)
VALUES (:tenant_id, :pos_id, :number, :change)
ON CONFLICT (tenant_id, pos_id, number) DO UPDATE
SET purchases = purchase_place.purchases + excluded.purchases;

-- name: bought_of_member
-- Everything of some kind that a member ever bought: `sku`, `maker` or `label`.
SELECT value FROM bought
WHERE tenant_id = :tenant_id AND number = :number AND kind = :kind ORDER BY value;

-- name: buyers
-- A page of the members who ever bought something, by number.
SELECT number FROM bought
WHERE tenant_id = :tenant_id AND kind = :kind AND value = :value AND number > :after
ORDER BY number LIMIT :limit;

-- name: add_bought
-- A member bought something.
INSERT INTO bought (tenant_id, kind, value, number) VALUES (:tenant_id, :kind, :value, :number)
ON CONFLICT (tenant_id, kind, value, number) DO NOTHING;

-- name: item_labels
-- Labels of items, by key and value.
SELECT key, value FROM item_label WHERE tenant_id = :tenant_id ORDER BY key, value LIMIT :limit;

-- name: add_item_label
-- A label that an item has.
INSERT INTO item_label (tenant_id, key, value) VALUES (:tenant_id, :key, :value)
ON CONFLICT (tenant_id, key, value) DO NOTHING;

-- name: clear_purchases
-- Empty before a rebuild.
DELETE FROM purchase WHERE tenant_id = :tenant_id;

-- name: clear_purchase_totals
-- Empty before a rebuild.
DELETE FROM purchase_total WHERE tenant_id = :tenant_id;

-- name: clear_purchase_places
-- Empty before a rebuild.
DELETE FROM purchase_place WHERE tenant_id = :tenant_id;

-- name: add_purchase_hour
-- One purchase more in an hour.
INSERT INTO purchase_hour (tenant_id, hour, purchases) VALUES (:tenant_id, :hour, 1)
ON CONFLICT (tenant_id, hour) DO UPDATE SET purchases = purchase_hour.purchases + 1;

-- name: purchases_in_hours
-- How many purchases were made from an hour to another, both included.
SELECT CAST(COALESCE(SUM(purchases), 0) AS BIGINT) FROM purchase_hour
WHERE tenant_id = :tenant_id AND hour BETWEEN :first AND :last;

-- name: clear_purchase_hours
-- Empty before a rebuild.
DELETE FROM purchase_hour WHERE tenant_id = :tenant_id;

-- name: clear_bought
-- Empty before a rebuild.
DELETE FROM bought WHERE tenant_id = :tenant_id;

-- name: clear_item_labels
-- Empty before a rebuild.
DELETE FROM item_label WHERE tenant_id = :tenant_id;

-- name: purchase_counters
-- What was bought altogether, at every point of sale.
SELECT name, total FROM counter WHERE tenant_id = :tenant_id AND name LIKE 'purchase:%'
ORDER BY name;

-- name: clear_purchase_counters
-- What was bought altogether is folded again.
DELETE FROM counter
WHERE tenant_id = :tenant_id AND (name LIKE 'purchase:%' OR name LIKE 'excluded-delivery:%');
