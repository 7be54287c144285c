-- Purchases and returns, what each member bought altogether, and imports under way.

-- `position` is the place of the decision that registered it. `number` is the member it belongs to,
-- 0 for nobody yet; `seal_number` is under whose key its personal details are sealed. Money is in
-- 1/10,000. `returned` is how much of a purchase came back, as far as its returns are assigned.
-- The four `customer_` columns are lower-cased copies for searching.
-- distributed
CREATE TABLE purchase (
    tenant_id           INTEGER NOT NULL,
    position            INTEGER NOT NULL,
    purchase_id         TEXT    NOT NULL,
    document_number     TEXT    NOT NULL,
    is_return           INTEGER NOT NULL,
    purchased_at        INTEGER NOT NULL,
    place               TEXT    NOT NULL,
    pos_id              TEXT    NOT NULL,
    revised_document    TEXT    NOT NULL,
    number              INTEGER NOT NULL,
    seal_number         INTEGER NOT NULL,
    registered_at       INTEGER NOT NULL,
    assigned_at         INTEGER,
    gross               INTEGER NOT NULL,
    returned            INTEGER NOT NULL,
    items               TEXT    NOT NULL,
    labels              TEXT    NOT NULL,
    exclusions          TEXT    NOT NULL,
    customer            TEXT    NOT NULL,
    customer_name       TEXT    NOT NULL,
    customer_email      TEXT    NOT NULL,
    customer_phone      TEXT    NOT NULL,
    customer_card       TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, position),
    UNIQUE (tenant_id, purchase_id),
    UNIQUE (tenant_id, document_number)
) STRICT, WITHOUT ROWID;

CREATE INDEX purchase_by_member ON purchase (tenant_id, number, purchased_at, position);

CREATE INDEX purchase_by_time ON purchase (tenant_id, purchased_at, number);

-- Returns of a purchase.
CREATE INDEX purchase_by_revised ON purchase (tenant_id, revised_document, position)
WHERE is_return = 1;

-- What a member bought altogether, returns taken off, nothing below zero. `sales` counts every
-- assigned purchase, `purchases` those that did not come back whole.
-- distributed
CREATE TABLE purchase_total (
    tenant_id              INTEGER NOT NULL,
    number                 INTEGER NOT NULL,
    sales                  INTEGER NOT NULL,
    purchases              INTEGER NOT NULL,
    gross                  INTEGER NOT NULL,
    gross_without_delivery INTEGER NOT NULL,
    excluded_for_level     INTEGER NOT NULL,
    first_at               INTEGER NOT NULL,
    last_at                INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;

-- Who bought where, and how often.
-- distributed
CREATE TABLE purchase_place (
    tenant_id INTEGER NOT NULL,
    pos_id    TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    purchases INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, pos_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX purchase_place_by_member ON purchase_place (tenant_id, number);

-- How many purchases were made in each hour since 1970 UTC, returns left aside.
-- distributed
CREATE TABLE purchase_hour (
    tenant_id INTEGER NOT NULL,
    hour      INTEGER NOT NULL,
    purchases INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hour)
) STRICT, WITHOUT ROWID;

-- Who ever bought what. `kind` is `sku`, `maker` or `label`; a label is a JSON list of its key and
-- its value.
-- distributed
CREATE TABLE bought (
    tenant_id INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, kind, value, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX bought_by_member ON bought (tenant_id, number);

-- Every label that items ever had.
-- distributed
CREATE TABLE item_label (
    tenant_id INTEGER NOT NULL,
    key       TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, key, value)
) STRICT, WITHOUT ROWID;

-- A file of rows, each of them a command of its own. `digest` is the SHA-256 of what was sent.
-- Progress, not history: a rebuild leaves it alone.
-- distributed
CREATE TABLE file_import (
    tenant_id   INTEGER NOT NULL,
    import_id   INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    digest      BLOB    NOT NULL,
    actor       TEXT    NOT NULL,
    rows_total  INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (tenant_id, import_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX file_import_by_digest ON file_import (tenant_id, kind, digest, import_id);

-- What became of a row: the uuid of what it made, or why it made nothing. Written in the transaction
-- that carries the row out, so that a row is carried out once. No row says whom it was about.
-- distributed
CREATE TABLE file_import_row (
    tenant_id INTEGER NOT NULL,
    import_id INTEGER NOT NULL,
    place     INTEGER NOT NULL,
    made      TEXT    NOT NULL,
    message   TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, import_id, place)
) STRICT, WITHOUT ROWID;
