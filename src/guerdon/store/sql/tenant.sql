-- name: add_tenant
-- A new tenant.
INSERT INTO tenant (tenant_id, code, name, created_at)
VALUES (:tenant_id, :code, :name, :created_at);

-- name: next_tenant_id
-- The id a new tenant gets.
SELECT COALESCE(MAX(tenant_id), 0) + 1 FROM tenant;

-- name: tenants
-- Every tenant.
SELECT tenant_id, code, name, created_at FROM tenant ORDER BY tenant_id;

-- name: tenant_by_code
-- One tenant.
SELECT tenant_id, code, name, created_at FROM tenant WHERE code = :code;

-- name: add_key
-- A new API key; the secret itself is shown once and never stored.
INSERT INTO api_key (key_id, tenant_id, dialect, secret_hash, hint, allow_ip, scopes, created_at)
VALUES (:key_id, :tenant_id, :dialect, :secret_hash, :hint, :allow_ip, :scopes, :created_at);

-- name: next_key_id
-- The id a new key gets.
SELECT COALESCE(MAX(key_id), 0) + 1 FROM api_key;

-- name: key_by_hash
-- Whose credential this is.
SELECT k.key_id, k.tenant_id, t.code, k.dialect, k.allow_ip, k.scopes, k.revoked_at
FROM api_key k JOIN tenant t ON t.tenant_id = k.tenant_id
WHERE k.secret_hash = :secret_hash;

-- name: key
-- One key.
SELECT key_id, tenant_id, dialect, hint, allow_ip, scopes, created_at, revoked_at
FROM api_key WHERE key_id = :key_id;

-- name: keys
-- A tenant's keys.
SELECT key_id, tenant_id, dialect, hint, allow_ip, scopes, created_at, revoked_at
FROM api_key WHERE tenant_id = :tenant_id ORDER BY key_id;

-- name: revoke_key
-- Take a key out of use.
UPDATE api_key SET revoked_at = :revoked_at WHERE key_id = :key_id AND revoked_at IS NULL;

-- name: add_administrator
-- A new administrator.
INSERT INTO administrator (admin_id, tenant_id, username, password_hash, token_hash, active,
                           created_at)
VALUES (:admin_id, :tenant_id, :username, :password_hash, :token_hash, :active, :created_at);

-- name: change_administrator
-- What an administrator comes in with from now on, and whether.
UPDATE administrator SET username = :username, password_hash = :password_hash,
                         token_hash = :token_hash, active = :active
WHERE admin_id = :admin_id AND tenant_id = :tenant_id;

-- name: administrators
-- A tenant's administrators, oldest first.
SELECT admin_id, tenant_id, username, password_hash, token_hash, active, created_at, last_login_at
FROM administrator WHERE tenant_id = :tenant_id ORDER BY created_at, admin_id;

-- name: administrator_of_tenant
-- One administrator of a tenant.
SELECT admin_id, tenant_id, username, password_hash, token_hash, active, created_at, last_login_at
FROM administrator WHERE tenant_id = :tenant_id AND admin_id = :admin_id;

-- name: administrator_by_token
-- Whose permanent token this is.
SELECT admin_id FROM administrator WHERE token_hash = :token_hash;

-- name: administrator_by_username
-- One administrator, by the name they log in with.
SELECT a.admin_id, a.tenant_id, t.code, a.username, a.password_hash, a.active, a.last_login_at
FROM administrator a JOIN tenant t ON t.tenant_id = a.tenant_id
WHERE a.username = :username;

-- name: administrator
-- One administrator.
SELECT a.admin_id, a.tenant_id, t.code, a.username, a.password_hash, a.active, a.last_login_at
FROM administrator a JOIN tenant t ON t.tenant_id = a.tenant_id
WHERE a.admin_id = :admin_id;

-- name: set_last_login
-- When an administrator was last let in.
UPDATE administrator SET last_login_at = :last_login_at WHERE admin_id = :admin_id;

-- name: add_refresh_token
-- A refresh token, by its hash.
INSERT INTO refresh_token (token_hash, tenant_id, kind, person_id, created_at, expires_at)
VALUES (:token_hash, :tenant_id, :kind, :person_id, :created_at, :expires_at);

-- name: refresh_token
-- Whose refresh token this is.
SELECT tenant_id, kind, person_id, expires_at FROM refresh_token WHERE token_hash = :token_hash;

-- name: prolong_refresh_token
-- Each use prolongs it.
UPDATE refresh_token SET expires_at = :expires_at WHERE token_hash = :token_hash;

-- name: revoke_refresh_tokens
-- Log somebody out.
DELETE FROM refresh_token WHERE person_id = :person_id AND tenant_id = :tenant_id;

-- name: revoke_resets
-- Only the last token to set a new password with is good.
DELETE FROM refresh_token
WHERE person_id = :person_id AND tenant_id = :tenant_id AND kind = 'reset';

-- name: last_let_in
-- When somebody last came in with a password, as long as they have not logged out since.
SELECT MAX(created_at) FROM refresh_token
WHERE person_id = :person_id AND tenant_id = :tenant_id AND kind = :kind;

-- name: remove_expired_refresh_tokens
-- Forget what nobody of a tenant can use; those of others may be locked for long.
DELETE FROM refresh_token WHERE tenant_id = :tenant_id AND expires_at < :now;

-- name: add_signing_key
-- A new key to sign tokens with.
INSERT INTO signing_key (kid, public_pem, sealed_pem, created_at)
VALUES (:kid, :public_pem, :sealed_pem, :created_at);

-- name: signing_keys
-- Keys whose tokens may still be alive, newest first.
SELECT kid, public_pem, sealed_pem, created_at, retired_at FROM signing_key
WHERE retired_at IS NULL OR retired_at > :since ORDER BY created_at DESC, kid;

-- name: retire_signing_keys
-- From now on these only verify.
UPDATE signing_key SET retired_at = :retired_at WHERE retired_at IS NULL AND kid <> :kid;

-- name: settings
-- A tenant's settings.
SELECT name, value FROM setting WHERE tenant_id = :tenant_id ORDER BY name;

-- name: set_setting
-- One setting's new value.
INSERT INTO setting (tenant_id, name, value) VALUES (:tenant_id, :name, :value)
ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value;

-- name: remove_setting
-- Back to the default.
DELETE FROM setting WHERE tenant_id = :tenant_id AND name = :name;

-- name: add_store
-- A new store of a tenant.
INSERT INTO store (tenant_id, store_id, code, name, currency, active, created_at)
VALUES (:tenant_id, :store_id, :code, :name, :currency, :active, :created_at);

-- name: change_store
-- A store as it is now; its code stays.
UPDATE store SET name = :name, currency = :currency, active = :active
WHERE tenant_id = :tenant_id AND store_id = :store_id;

-- name: stores
-- A tenant's stores, oldest first.
SELECT store_id, code, name, currency, active, created_at FROM store
WHERE tenant_id = :tenant_id ORDER BY created_at, code;

-- name: store_by_code
-- One store.
SELECT store_id, code, name, created_at, currency, active FROM store
WHERE tenant_id = :tenant_id AND code = :code;

-- name: tenants_with_store
-- Which tenants have a store of that code: all that a visitor without a credential names.
-- cross-tenant: which tenant is meant is what is asked
SELECT tenant_id, active FROM store WHERE code = :code ORDER BY tenant_id LIMIT 2;

-- name: logins
-- When a tenant's administrators were last let in.
SELECT admin_id, last_login_at FROM administrator
WHERE tenant_id = :tenant_id AND last_login_at IS NOT NULL;

-- name: refresh_tokens
-- A tenant's refresh tokens.
SELECT token_hash, tenant_id, kind, person_id, created_at, expires_at FROM refresh_token
WHERE tenant_id = :tenant_id;

-- name: clear_keys
-- Empty before a rebuild.
DELETE FROM api_key WHERE tenant_id = :tenant_id;

-- name: clear_refresh_tokens
-- Empty before a rebuild, which puts them back.
DELETE FROM refresh_token WHERE tenant_id = :tenant_id;

-- name: clear_administrators
-- Empty before a rebuild.
DELETE FROM administrator WHERE tenant_id = :tenant_id;

-- name: clear_settings
-- Empty before a rebuild.
DELETE FROM setting WHERE tenant_id = :tenant_id;

-- name: clear_stores
-- Empty before a rebuild.
DELETE FROM store WHERE tenant_id = :tenant_id;
