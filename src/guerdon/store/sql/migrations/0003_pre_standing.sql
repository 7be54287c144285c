-- Where a member stands, how they log in, and what is kept for them besides their details.
--
-- What is sealed is readable as long as the member's key exists, and no longer.

-- A member without a row here is new: registered, and not activated yet.
-- distributed
CREATE TABLE standing (
    tenant_id     INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    status        TEXT    NOT NULL,
    activated_at  INTEGER,
    pos_id        TEXT,
    seller_id     TEXT,
    newsletter_at INTEGER,
    last_login_at INTEGER,
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;

-- Lists leave these out; there are few.
CREATE INDEX standing_deleted ON standing (tenant_id, number) WHERE status = 'deleted';

-- distributed
CREATE TABLE credential (
    tenant_id  INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    sealed     BLOB    NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;

-- One of each purpose for a member: a new one takes the place of the old.
-- distributed
CREATE TABLE member_token (
    tenant_id  INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    purpose    TEXT    NOT NULL,
    token_hash BLOB    NOT NULL,
    expires_at INTEGER NOT NULL,
    sealed     BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, number, purpose),
    UNIQUE (tenant_id, purpose, token_hash)
) STRICT, WITHOUT ROWID;

-- distributed
CREATE TABLE avatar (
    tenant_id     INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    path          TEXT    NOT NULL,
    original_name TEXT    NOT NULL,
    mime          TEXT    NOT NULL,
    sealed        BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, number)
) STRICT;

-- distributed
CREATE TABLE push_token (
    tenant_id INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    token     TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, number, token)
) STRICT, WITHOUT ROWID;
