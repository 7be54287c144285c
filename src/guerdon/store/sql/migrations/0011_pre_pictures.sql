-- Pictures of what a programme shows: rewards, levels, rules, and the programme itself.

-- `place` is what a picture is for; a reward's photos each have their own id there. `ordinal` is the
-- position of the decision that put it there, `digest` the SHA-256 of its content.
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
    digest        TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, kind, owner_id, place)
) STRICT;

CREATE INDEX picture_by_digest ON picture (tenant_id, digest);

-- Contents are kept beside the journal, so that whoever reads decisions does not read pictures; a
-- rebuild leaves them alone.
-- distributed
CREATE TABLE picture_file (
    tenant_id INTEGER NOT NULL,
    digest    TEXT    NOT NULL,
    content   BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, digest)
) STRICT;
