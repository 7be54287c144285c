-- Who invited whom, and the tokens members invite with.

-- `position` is the decision's. `seal_number` is the number whose key keeps the recipient's address
-- in the journal: below zero it is the invitation's own; it is null once that was forgotten.
-- distributed
CREATE TABLE invitation (
    tenant_id       INTEGER NOT NULL,
    position        INTEGER NOT NULL,
    invitation_id   TEXT    NOT NULL,
    referrer        INTEGER NOT NULL,
    recipient       INTEGER,
    recipient_email TEXT    NOT NULL,
    recipient_phone TEXT    NOT NULL,
    seal_number     INTEGER,
    status          TEXT    NOT NULL,
    token           TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, position),
    UNIQUE (tenant_id, invitation_id),
    UNIQUE (tenant_id, token)
) STRICT, WITHOUT ROWID;

CREATE INDEX invitation_by_referrer ON invitation (tenant_id, referrer, position);

CREATE INDEX invitation_by_recipient ON invitation (tenant_id, recipient)
WHERE recipient IS NOT NULL;

-- distributed
CREATE TABLE invitation_token (
    tenant_id INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    token     TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, number),
    UNIQUE (tenant_id, token)
) STRICT, WITHOUT ROWID;
