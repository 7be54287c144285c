-- How often a member has used a limited rule in a calendar window, such as `month 2026-11-01`.

-- distributed
CREATE TABLE rule_use (
    tenant_id INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    rule_id   TEXT    NOT NULL,
    span      TEXT    NOT NULL,
    uses      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, number, rule_id, span)
) STRICT, WITHOUT ROWID;
