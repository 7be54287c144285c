-- name: standing
-- Where a member stands; no row for somebody new.
SELECT status, activated_at, pos_id, seller_id, newsletter_at, last_login_at
FROM standing WHERE tenant_id = :tenant_id AND number = :number;

-- name: set_activated
-- A member may take part from now on.
INSERT INTO standing (tenant_id, number, status, activated_at)
VALUES (:tenant_id, :number, 'active', :activated_at)
ON CONFLICT (tenant_id, number) DO UPDATE
SET status = excluded.status, activated_at = excluded.activated_at;

-- name: set_status
-- A member's status and nothing else.
INSERT INTO standing (tenant_id, number, status) VALUES (:tenant_id, :number, :status)
ON CONFLICT (tenant_id, number) DO UPDATE SET status = excluded.status;

-- name: set_pos
-- The point of sale a member belongs to.
INSERT INTO standing (tenant_id, number, status, pos_id)
VALUES (:tenant_id, :number, 'new', :pos_id)
ON CONFLICT (tenant_id, number) DO UPDATE SET pos_id = excluded.pos_id;

-- name: set_seller
-- The seller who looks after a member.
INSERT INTO standing (tenant_id, number, status, seller_id)
VALUES (:tenant_id, :number, 'new', :seller_id)
ON CONFLICT (tenant_id, number) DO UPDATE SET seller_id = excluded.seller_id;

-- name: set_newsletter
-- When a member first subscribed to the newsletter.
INSERT INTO standing (tenant_id, number, status, newsletter_at)
VALUES (:tenant_id, :number, 'new', :newsletter_at)
ON CONFLICT (tenant_id, number) DO UPDATE SET newsletter_at = excluded.newsletter_at;

-- name: set_member_login
-- When a member was last let in.
INSERT INTO standing (tenant_id, number, status, last_login_at)
VALUES (:tenant_id, :number, 'new', :last_login_at)
ON CONFLICT (tenant_id, number) DO UPDATE SET last_login_at = excluded.last_login_at;

-- name: deleted_numbers
-- The members who are gone, in order.
SELECT number FROM standing WHERE tenant_id = :tenant_id AND status = 'deleted' ORDER BY number;

-- name: credential
-- A member's sealed password hash.
SELECT sealed, changed_at FROM credential WHERE tenant_id = :tenant_id AND number = :number;

-- name: set_credential
-- A member's new password.
INSERT INTO credential (tenant_id, number, sealed, changed_at)
VALUES (:tenant_id, :number, :sealed, :changed_at)
ON CONFLICT (tenant_id, number) DO UPDATE
SET sealed = excluded.sealed, changed_at = excluded.changed_at;

-- name: remove_credential
-- A member cannot log in any more.
DELETE FROM credential WHERE tenant_id = :tenant_id AND number = :number;

-- name: member_token
-- A token by its hash.
SELECT number, expires_at, sealed FROM member_token
WHERE tenant_id = :tenant_id AND purpose = :purpose AND token_hash = :token_hash;

-- name: add_member_token
-- A member's token for a purpose, in place of an older one.
INSERT INTO member_token (tenant_id, number, purpose, token_hash, expires_at, sealed)
VALUES (:tenant_id, :number, :purpose, :token_hash, :expires_at, :sealed)
ON CONFLICT (tenant_id, number, purpose) DO UPDATE
SET token_hash = excluded.token_hash, expires_at = excluded.expires_at, sealed = excluded.sealed;

-- name: remove_member_token
-- A token was used.
DELETE FROM member_token
WHERE tenant_id = :tenant_id AND number = :number AND purpose = :purpose;

-- name: remove_member_tokens
-- All tokens of a member.
DELETE FROM member_token WHERE tenant_id = :tenant_id AND number = :number;

-- name: avatar
-- A member's picture.
SELECT path, original_name, mime, sealed FROM avatar
WHERE tenant_id = :tenant_id AND number = :number;

-- name: avatar_description
-- What a member's picture is called, without the picture.
SELECT path, original_name, mime FROM avatar WHERE tenant_id = :tenant_id AND number = :number;

-- name: set_avatar
-- A member's new picture; its content follows.
INSERT INTO avatar (tenant_id, number, path, original_name, mime, sealed)
VALUES (:tenant_id, :number, :path, :original_name, :mime, :sealed)
ON CONFLICT (tenant_id, number) DO UPDATE
SET path = excluded.path, original_name = excluded.original_name, mime = excluded.mime,
    sealed = excluded.sealed;

-- name: set_avatar_content
-- The content of a member's picture.
UPDATE avatar SET sealed = :sealed
WHERE tenant_id = :tenant_id AND number = :number AND path = :path;

-- name: remove_avatar
-- A member has no picture any more.
DELETE FROM avatar WHERE tenant_id = :tenant_id AND number = :number;

-- name: push_tokens
-- Where a member's devices are reached.
SELECT token FROM push_token WHERE tenant_id = :tenant_id AND number = :number ORDER BY token;

-- name: add_push_token
-- A member's device can be reached.
INSERT INTO push_token (tenant_id, number, token) VALUES (:tenant_id, :number, :token)
ON CONFLICT (tenant_id, number, token) DO NOTHING;

-- name: remove_push_token
-- A device is reached no longer.
DELETE FROM push_token WHERE tenant_id = :tenant_id AND number = :number AND token = :token;

-- name: remove_push_tokens
-- None of a member's devices is reached any longer.
DELETE FROM push_token WHERE tenant_id = :tenant_id AND number = :number;

-- name: clear_standings
-- Empty before a rebuild.
DELETE FROM standing WHERE tenant_id = :tenant_id;

-- name: clear_credentials
-- Empty before a rebuild.
DELETE FROM credential WHERE tenant_id = :tenant_id;

-- name: clear_member_tokens
-- Empty before a rebuild.
DELETE FROM member_token WHERE tenant_id = :tenant_id;

-- name: clear_avatars
-- Empty before a rebuild.
DELETE FROM avatar WHERE tenant_id = :tenant_id;

-- name: clear_push_tokens
-- Empty before a rebuild.
DELETE FROM push_token WHERE tenant_id = :tenant_id;

-- name: first_registered_from
-- When somebody with this number, or the next there is, registered.
SELECT number, registered_at FROM member
WHERE tenant_id = :tenant_id AND number >= :number ORDER BY number LIMIT 1;

-- name: members_registered
-- How many members were ever registered: the last one's number.
SELECT member_number FROM head WHERE tenant_id = :tenant_id;
