-- The ground floor: tenants and credentials, the two journals and their heads, members and
-- identities, the catalogue, followers' checkpoints, outcomes, idempotency, deliveries.
--
-- Written once, in SQLite's words; the PostgreSQL engine reads INTEGER as bigint, BLOB as bytea and
-- drops the table options. Every time is microseconds since 1970 UTC. A table marked `distributed`
-- leads every key with tenant_id; a `reference` table is small and the same everywhere.

-- reference
CREATE TABLE tenant (
    tenant_id  INTEGER NOT NULL PRIMARY KEY,
    code       TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- reference
CREATE TABLE api_key (
    key_id       INTEGER NOT NULL PRIMARY KEY,
    tenant_id    INTEGER NOT NULL REFERENCES tenant (tenant_id),
    dialect      TEXT    NOT NULL,
    secret_hash  BLOB    NOT NULL UNIQUE,
    hint         TEXT    NOT NULL,
    allow_ip     TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    revoked_at   INTEGER
) STRICT;

-- reference
CREATE TABLE administrator (
    admin_id      TEXT    NOT NULL PRIMARY KEY,
    tenant_id     INTEGER NOT NULL REFERENCES tenant (tenant_id),
    username      TEXT    NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    token_hash    BLOB    UNIQUE,
    active        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    last_login_at INTEGER
) STRICT;

-- Who may come back without a password. `kind` is `admin`, `seller` or `customer`, or `reset` for
-- an administrator who was sent a token to set a new password with.
-- reference
CREATE TABLE refresh_token (
    token_hash BLOB    NOT NULL PRIMARY KEY,
    tenant_id  INTEGER NOT NULL REFERENCES tenant (tenant_id),
    kind       TEXT    NOT NULL,
    person_id  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- reference
CREATE TABLE signing_key (
    kid         TEXT    NOT NULL PRIMARY KEY,
    public_pem  TEXT    NOT NULL,
    sealed_pem  BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    retired_at  INTEGER
) STRICT;

-- The row lock on a tenant's head is what makes commit order equal position order.
-- distributed
CREATE TABLE head (
    tenant_id          INTEGER NOT NULL PRIMARY KEY,
    activity_position  INTEGER NOT NULL,
    decision_position  INTEGER NOT NULL,
    decision_hash      BLOB    NOT NULL,
    recorded_at        INTEGER NOT NULL,
    member_number      INTEGER NOT NULL,
    row_number         INTEGER NOT NULL,
    identity_version   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- distributed
CREATE TABLE setting (
    tenant_id INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- distributed
CREATE TABLE store (
    tenant_id  INTEGER NOT NULL,
    store_id   TEXT    NOT NULL,
    code       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    currency   TEXT    NOT NULL,
    active     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, store_id),
    UNIQUE (tenant_id, code)
) STRICT, WITHOUT ROWID;

-- distributed
CREATE TABLE activity_type (
    tenant_id  INTEGER NOT NULL,
    type_id    INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    hidden_at  INTEGER,
    PRIMARY KEY (tenant_id, type_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX activity_type_by_name ON activity_type (tenant_id, name)
WHERE hidden_at IS NULL;

-- An append touches this one key and no other.
-- distributed
CREATE TABLE activity (
    tenant_id   INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    type_id     INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    key_id      INTEGER NOT NULL,
    data        TEXT,
    PRIMARY KEY (tenant_id, position)
) STRICT, WITHOUT ROWID;

-- Which positions are whose, packed: filled by the index follower, whole blocks at a time.
-- distributed
CREATE TABLE activity_posting (
    tenant_id     INTEGER NOT NULL,
    bucket        INTEGER NOT NULL,
    level         INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    entries       BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, bucket, level, last_position)
) STRICT;

-- How many activities of a type live in each block of positions, and between which times: page
-- numbers without offsets, spans of time without an index of their own.
-- distributed
CREATE TABLE activity_block (
    tenant_id    INTEGER NOT NULL,
    type_id      INTEGER NOT NULL,
    block        INTEGER NOT NULL,
    live         INTEGER NOT NULL,
    occurred_min INTEGER NOT NULL,
    occurred_max INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, type_id, block)
) STRICT, WITHOUT ROWID;

-- A sender's own event id, remembered for good.
-- distributed
CREATE TABLE activity_source (
    tenant_id INTEGER NOT NULL,
    source    TEXT    NOT NULL,
    event_id  TEXT    NOT NULL,
    position  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, source, event_id)
) STRICT, WITHOUT ROWID;

-- A range taken out of the journal: hidden from every answer at once, removed bit by bit.
-- distributed
CREATE TABLE activity_deletion (
    tenant_id         INTEGER NOT NULL,
    deletion_id       INTEGER NOT NULL,
    type_id           INTEGER NOT NULL,
    occurred_from     INTEGER NOT NULL,
    occurred_to       INTEGER NOT NULL,
    position_max      INTEGER NOT NULL,
    key_id            INTEGER NOT NULL,
    notify_to         TEXT,
    requested_at      INTEGER NOT NULL,
    deleted           INTEGER NOT NULL,
    removed_to        INTEGER NOT NULL,
    finished_at       INTEGER,
    PRIMARY KEY (tenant_id, deletion_id)
) STRICT, WITHOUT ROWID;

-- Append-only and hash-chained. `payload` is the public view: valid JSON without personal fields.
-- `sealed` is the text that replaces `sealed_chars` characters at `sealed_at` for who may see it.
-- distributed
CREATE TABLE decision (
    tenant_id    INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    type         TEXT    NOT NULL,
    aggregate    TEXT    NOT NULL,
    number       INTEGER,
    recorded_at  INTEGER NOT NULL,
    ordinal      INTEGER NOT NULL,
    payload      TEXT    NOT NULL,
    sealed       BLOB,
    sealed_at    INTEGER,
    sealed_chars INTEGER,
    actor        TEXT,
    hash         BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX decision_by_type ON decision (tenant_id, type, position, ordinal);

-- distributed
CREATE TABLE member (
    tenant_id    INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    member_id    TEXT    NOT NULL,
    account_id   TEXT    NOT NULL,
    store_code   TEXT    NOT NULL,
    registered_at INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    profile      TEXT    NOT NULL,
    subscription TEXT,
    PRIMARY KEY (tenant_id, number),
    UNIQUE (tenant_id, member_id)
) STRICT, WITHOUT ROWID;

-- distributed
CREATE TABLE identity (
    tenant_id INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX identity_by_member ON identity (tenant_id, number);

-- Destroying a row here is forgetting that member. Number 0 is the tenant's own key.
-- distributed
CREATE TABLE seal (
    tenant_id INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    wrapped   BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;

-- Levels, rewards, rules, places: whole bodies, changed by decisions. `ordinal` is creation order.
-- distributed
CREATE TABLE definition (
    tenant_id     INTEGER NOT NULL,
    kind          TEXT    NOT NULL,
    definition_id TEXT    NOT NULL,
    ordinal       INTEGER NOT NULL,
    active        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    body          TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, kind, definition_id)
) STRICT, WITHOUT ROWID;

-- distributed
CREATE TABLE custom_attribute (
    tenant_id  INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- distributed
CREATE TABLE integration_stat (
    tenant_id   INTEGER NOT NULL,
    stat_id     INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    body        TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, stat_id)
) STRICT, WITHOUT ROWID;

-- distributed
CREATE TABLE counter (
    tenant_id INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    total     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- distributed
CREATE TABLE follower (
    tenant_id INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    position  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- distributed
CREATE TABLE outcome (
    tenant_id   INTEGER NOT NULL,
    outcome_id  INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    code        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    dialect     TEXT    NOT NULL,
    key_id      INTEGER NOT NULL,
    method      TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    body        BLOB    NOT NULL,
    body_bytes  INTEGER NOT NULL,
    replayed_at INTEGER,
    PRIMARY KEY (tenant_id, outcome_id)
) STRICT, WITHOUT ROWID;

-- distributed
CREATE TABLE idempotency (
    tenant_id    INTEGER NOT NULL,
    key_window   INTEGER NOT NULL,
    key_hash     BLOB    NOT NULL,
    fingerprint  BLOB    NOT NULL,
    answer       BLOB    NOT NULL,
    recorded_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, key_window, key_hash)
) STRICT, WITHOUT ROWID;

-- Owed to the outside. Waiting while finished_at is null; leased while lease_until is ahead.
-- distributed
CREATE TABLE delivery (
    tenant_id   INTEGER NOT NULL,
    delivery_id INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    number      INTEGER,
    created_at  INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    fence       INTEGER NOT NULL,
    last_status INTEGER,
    last_error  TEXT,
    outcome     TEXT,
    finished_at INTEGER,
    PRIMARY KEY (tenant_id, delivery_id)
) STRICT, WITHOUT ROWID;

-- cross-tenant: the one question asked of all tenants at once is "what is due?"
CREATE INDEX delivery_due ON delivery (due_at) WHERE finished_at IS NULL;
