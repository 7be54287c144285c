-- name: identity_number
-- Which member an identity names.
SELECT number FROM identity WHERE tenant_id = :tenant_id AND kind = :kind AND value = :value;

-- name: identity_numbers
-- Which members some identities name (a JSON list of lists of kind and value).
SELECT i.kind, i.value, i.number
FROM json_each(:names) n
CROSS JOIN identity i
WHERE i.tenant_id = :tenant_id AND i.kind = json_extract(n.value, '$[0]')
  AND i.value = json_extract(n.value, '$[1]');

-- name: add_identity
-- Name a member.
INSERT INTO identity (tenant_id, kind, value, number)
VALUES (:tenant_id, :kind, :value, :number);

-- name: remove_identity
-- Unname a member.
DELETE FROM identity WHERE tenant_id = :tenant_id AND kind = :kind AND value = :value;

-- name: identities
-- All names of a member.
SELECT kind, value FROM identity WHERE tenant_id = :tenant_id AND number = :number
ORDER BY kind, value;

-- name: add_member
-- A new member.
INSERT INTO member (tenant_id, number, member_id, account_id, store_code, registered_at, updated_at,
                    profile)
VALUES (:tenant_id, :number, :member_id, :account_id, :store_code, :registered_at, :registered_at,
        :profile);

-- name: member
-- One member by number.
SELECT number, member_id, account_id, store_code, registered_at, updated_at, profile,
       subscription
FROM member WHERE tenant_id = :tenant_id AND number = :number;

-- name: member_by_id
-- One member by uuid.
SELECT number, member_id, account_id, store_code, registered_at, updated_at, profile,
       subscription
FROM member WHERE tenant_id = :tenant_id AND member_id = :member_id;

-- name: members_after
-- A page of members by number.
SELECT number, member_id, account_id, store_code, registered_at, updated_at, profile,
       subscription
FROM member WHERE tenant_id = :tenant_id AND number > :after ORDER BY number LIMIT :limit;

-- name: set_profile
-- A member's details as they are now.
UPDATE member SET profile = :profile, updated_at = :updated_at
WHERE tenant_id = :tenant_id AND number = :number;

-- name: touch_member
-- Something about a member changed that is no detail.
UPDATE member SET updated_at = :updated_at
WHERE tenant_id = :tenant_id AND number = :number;

-- name: set_subscription
-- A member's subscription as it is now.
UPDATE member SET subscription = :subscription, updated_at = :updated_at
WHERE tenant_id = :tenant_id AND number = :number;

-- name: custom_attributes
-- The custom attributes members have been given.
SELECT name, type, created_at FROM custom_attribute WHERE tenant_id = :tenant_id ORDER BY name;

-- name: add_custom_attribute
-- A custom attribute seen for the first time.
INSERT INTO custom_attribute (tenant_id, name, type, created_at)
VALUES (:tenant_id, :name, :type, :created_at)
ON CONFLICT (tenant_id, name) DO NOTHING;

-- name: add_integration_stat
-- What an integration reports about itself.
INSERT INTO integration_stat (tenant_id, stat_id, recorded_at, body)
VALUES (:tenant_id, :stat_id, :recorded_at, :body);

-- name: integration_stats
-- A page of integrations' reports, newest first.
SELECT stat_id, recorded_at, body FROM integration_stat
WHERE tenant_id = :tenant_id AND recorded_at BETWEEN :from_time AND :to_time
ORDER BY stat_id DESC LIMIT :limit OFFSET :offset;

-- name: activity_types
-- The catalogue, hidden types included.
SELECT type_id, name, created_at, hidden_at FROM activity_type
WHERE tenant_id = :tenant_id ORDER BY type_id;

-- name: visible_types
-- A page of the catalogue.
SELECT type_id, name, created_at FROM activity_type
WHERE tenant_id = :tenant_id AND hidden_at IS NULL ORDER BY type_id LIMIT :limit OFFSET :offset;

-- name: type_by_name
-- A visible type.
SELECT type_id, name, created_at FROM activity_type
WHERE tenant_id = :tenant_id AND name = :name AND hidden_at IS NULL;

-- name: type_by_id
-- One type, hidden or not.
SELECT type_id, name, created_at, hidden_at FROM activity_type
WHERE tenant_id = :tenant_id AND type_id = :type_id;

-- name: add_type
-- A new type.
INSERT INTO activity_type (tenant_id, type_id, name, created_at)
VALUES (:tenant_id, :type_id, :name, :created_at);

-- name: hide_type
-- Take a type out of the catalogue; its activities stay.
UPDATE activity_type SET hidden_at = :hidden_at
WHERE tenant_id = :tenant_id AND type_id = :type_id AND hidden_at IS NULL;

-- name: next_type_id
-- The id a new type gets.
SELECT COALESCE(MAX(type_id), 0) + 1 FROM activity_type WHERE tenant_id = :tenant_id;

-- name: set_member_place
-- The account a member's points are kept in, or the store a member belongs to; null: as it was.
UPDATE member
SET account_id = COALESCE(:account_id, account_id), store_code = COALESCE(:store_code, store_code)
WHERE tenant_id = :tenant_id AND number = :number;

-- name: clear_members
-- Empty before a rebuild.
DELETE FROM member WHERE tenant_id = :tenant_id;

-- name: clear_identities
-- Empty before a rebuild.
DELETE FROM identity WHERE tenant_id = :tenant_id;

-- name: clear_types
-- Empty before a rebuild.
DELETE FROM activity_type WHERE tenant_id = :tenant_id;
