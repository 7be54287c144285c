-- Rewards: the codes in stock, the coupons bought, and how many there are of each.

-- `sold` is 1 from the first time a code was sold on, for good.
-- distributed
CREATE TABLE coupon_stock (
    tenant_id INTEGER NOT NULL,
    reward_id TEXT    NOT NULL,
    ordinal   INTEGER NOT NULL,
    code      TEXT    NOT NULL,
    sold      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, reward_id, ordinal),
    UNIQUE (tenant_id, reward_id, code)
) STRICT, WITHOUT ROWID;

CREATE INDEX coupon_stock_free ON coupon_stock (tenant_id, reward_id, ordinal) WHERE sold = 0;

-- `ordinal` is the position of the decision that sold it. `cost` is in hundredths of a point, `worth`
-- (what a percentage code was sold with) and `returned` in whole units of money. `due_at` is when its status changes by itself.
-- distributed
CREATE TABLE bought_coupon (
    tenant_id           INTEGER NOT NULL,
    ordinal             INTEGER NOT NULL,
    coupon_id           TEXT    NOT NULL,
    number              INTEGER NOT NULL,
    member_id           TEXT    NOT NULL,
    reward_id           TEXT    NOT NULL,
    reward              TEXT    NOT NULL,
    name                TEXT    NOT NULL,
    code                TEXT    NOT NULL,
    cost                INTEGER NOT NULL,
    worth               INTEGER NOT NULL,
    status              TEXT    NOT NULL,
    bought_at           INTEGER NOT NULL,
    active_since        INTEGER,
    active_to           INTEGER,
    due_at              INTEGER,
    used                INTEGER NOT NULL,
    used_at             INTEGER,
    transaction_id      TEXT,
    used_transaction_id TEXT,
    returned            INTEGER NOT NULL,
    delivery_status     TEXT    NOT NULL,
    cashback_status     TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, ordinal),
    UNIQUE (tenant_id, coupon_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX bought_coupon_by_member ON bought_coupon (tenant_id, number, ordinal);

CREATE INDEX bought_coupon_by_time ON bought_coupon (tenant_id, bought_at, ordinal);

CREATE INDEX bought_coupon_due ON bought_coupon (tenant_id, due_at) WHERE due_at IS NOT NULL;

CREATE INDEX bought_coupon_granted ON bought_coupon (tenant_id, transaction_id)
WHERE transaction_id IS NOT NULL;

CREATE INDEX bought_coupon_spent ON bought_coupon (tenant_id, used_transaction_id)
WHERE used_transaction_id IS NOT NULL;

-- `last_ordinal` is the stock's; `bought` leaves out what was cancelled, `buyers` nobody.
-- distributed
CREATE TABLE reward_tally (
    tenant_id    INTEGER NOT NULL,
    reward_id    TEXT    NOT NULL,
    last_ordinal INTEGER NOT NULL,
    stocked      INTEGER NOT NULL,
    free         INTEGER NOT NULL,
    bought       INTEGER NOT NULL,
    used         INTEGER NOT NULL,
    buyers       INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, reward_id)
) STRICT, WITHOUT ROWID;

-- distributed
CREATE TABLE reward_buyer (
    tenant_id INTEGER NOT NULL,
    reward_id TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    bought    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, reward_id, number)
) STRICT, WITHOUT ROWID;

-- How many coupons there are of each kind, so that lists know their length. `number` 0 is everybody.
-- distributed
CREATE TABLE bought_tally (
    tenant_id INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    coupons   INTEGER NOT NULL,
    used      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;
