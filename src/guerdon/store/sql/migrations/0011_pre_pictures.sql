-- Pictures of what a programme shows: rewards, levels, rules, and the programme itself.

-- `place` is what a picture is for; a reward's photos each have their own id there. `ordinal` is the
-- position of the decision that put it there.
-- distributed
CREATE TABLE picture (
    tenant_id     INTEGER NOT NULL,
    kind          TEXT    NOT NULL,
    owner_id      TEXT    NOT NULL,
    place         TEXT    NOT NULL,
    ordinal       INTEGER NOT NULL,
    picture_id    TEXT    NOT NULL,
    path          TEXT    NOT NULL,
    original_name TEXT    NOT NULL,
    mime          TEXT    NOT NULL,
    content       BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, kind, owner_id, place)
) STRICT;
