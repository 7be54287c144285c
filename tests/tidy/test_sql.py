"""The schema and every statement, read as text, keep the rules that let one code scale out.

The rules: a tenant's rows are found by tenant_id first, one statement touches one tenant, times and
ids are parameters, and both engines offer the same statements. Each rule is shown to bite.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tidy import source, statements
from tidy.statements import Statement, Table

STORE = source.PACKAGE / "store"
ENGINES = ("sqlite", "postgres")
MIGRATION = re.compile(r"^\d{4}_(pre|post)_[a-z0-9_]+\.sql$")

BANNED = {
    r"\bnow \(|\bcurrent_(?:timestamp|date|time)\b|\bclock_timestamp\b|\b(?:date|datetime|strftime"
    r"|julianday|unixepoch) \(": "the hour is a parameter",
    r"\brandom(?:blob)? \(|\bgen_random_uuid\b|\buuid_generate": "chance and ids are parameters",
    r"\bmerge into\b": "MERGE is refused by Citus",
    r"\bset null\b": "ON DELETE SET NULL is refused by Citus",
    r"\blisten \w|\bnotify \w|\bpg_notify\b": "LISTEN/NOTIFY does not reach across nodes",
    r"\bpg_(?:try_)?advisory": "advisory locks are per node",
    r"\bautoincrement\b|\b(?:small|big)?serial\b|\bas identity\b|\bnextval\b"
    r"|\bcreate sequence\b|\blast_insert_rowid\b": "positions and ids come from the head row",
    r"\bor replace into\b|\binsert or replace\b|^replace into\b": "REPLACE steps around triggers",
    r"\bset tenant_id\b": "a row never changes its tenant",
}

Schema = dict[str, Table]


def migrations(engine: str | None = None) -> list[Path]:
    folders = [STORE / "sql" / "migrations"]
    folders += [STORE / each / "migrations" for each in ENGINES if engine in (None, each)]
    return [path for folder in folders for path in sorted(folder.glob("*.sql"))]


def queries(folder: str) -> list[Statement]:
    paths = sorted((STORE / folder).glob("*.sql"))
    return [statement for path in paths for statement in statements.named(path)]


def every_query() -> list[Statement]:
    return [each for folder in ("sql", "sqlite/sql", "postgres/sql") for each in queries(folder)]


def every_migration() -> list[Statement]:
    return [
        statement
        for path in migrations()
        for statement in statements.split(path.name, path.read_text(encoding="utf-8"))
    ]


def schema(of: Sequence[Statement]) -> Schema:
    return {made.name: made for made in map(statements.table, of) if made}


# --- The rules: each yields its complaints -------------------------------------------------------


def tables_are_marked(of: Sequence[Statement]) -> Iterator[str]:
    for made in schema(of).values():
        if made.mark not in ("distributed", "reference"):
            yield f"{made.name}: no `-- distributed` or `-- reference` directly above"


def tenant_leads_every_key(of: Sequence[Statement]) -> Iterator[str]:
    tables = schema(of)
    for made in tables.values():
        if made.mark != "distributed":
            continue
        if "not null" not in made.columns.get("tenant_id", ""):
            yield f"{made.name}: tenant_id is not a NOT NULL column"
        if not any(kind == "primary" for kind, _, _ in made.keys):
            yield f"{made.name}: no primary key"
        for kind, columns, target in made.keys:
            is_to_reference = target in tables and tables[target].mark == "reference"
            if columns[:1] != ["tenant_id"] and not is_to_reference:
                yield f"{made.name}: {kind} key ({', '.join(columns)}) does not lead with tenant_id"


def tenant_leads_every_index(of: Sequence[Statement]) -> Iterator[str]:
    tables = schema(of)
    for statement in of:
        made = statements.index(statement)
        if made is None:
            if re.match(r"create (unique )?index\b", statement.text):
                yield f"{statement.place}: an index this test cannot read: {statement.text}"
            continue
        name, on, unique, columns = made
        if on in tables and tables[on].mark == "reference":
            continue
        if columns[:1] != ["tenant_id"] and (unique or not statement.noted("cross-tenant")):
            yield f"{name}: does not lead with tenant_id"


def nothing_banned(of: Sequence[Statement]) -> Iterator[str]:
    for statement in of:
        text = re.sub(r"'(?:[^']|'')*'", "''", statement.text)
        for pattern, reason in BANNED.items():
            if re.search(pattern, text):
                yield f"{statement.place} {statement.name}: {reason}"


def one_tenant_is_named(of: Sequence[Statement], tables: Schema) -> Iterator[str]:
    """Every place that names a distributed table is tied to :tenant_id."""
    for statement in of:
        places = [
            (verb, alias)
            for verb, name, alias in statements.references(statement)
            if name in tables and tables[name].mark == "distributed"
        ]
        if places and not statement.noted("cross-tenant"):
            for reason in _untied(statement, places):
                yield f"{statement.place} {statement.name}: {reason}"


def _untied(statement: Statement, places: list[tuple[str, str]]) -> Iterator[str]:
    text = statement.text
    inserts = [verb for verb, _ in places if verb == "into"]
    copies = [verb for verb, _ in places if verb == "copy"]
    if inserts and not re.search(r"insert into \w+ \( tenant_id\b", text):
        yield "the inserted row does not begin with tenant_id"
    if copies and not re.search(r"copy \w+ \( tenant_id\b", text):
        yield "the copied row does not begin with tenant_id"
    if not copies and "tenant_id" not in statements.parameters(statement):
        yield "does not bind :tenant_id"
    if re.search(r"on conflict \( (?!tenant_id\b)", text):
        yield "the conflict target does not lead with tenant_id"
    rest = [(verb, alias) for verb, alias in places if verb not in ("into", "copy")]
    for _, alias in rest:
        if alias and not re.search(rf"\b{alias} \. tenant_id\b", text):
            yield f"{alias} is not tied to the tenant"
    bare = len(re.findall(r"(?<!\. )\btenant_id = :tenant_id\b", text))
    if bare < sum(1 for _, alias in rest if not alias):
        yield "a table is not tied to the tenant"


def named_and_explained(of: Sequence[Statement]) -> Iterator[str]:
    names = [statement.name for statement in of]
    for statement in of:
        if not statement.name:
            yield f"{statement.place}: a statement without a name"
        elif not statement.notes:
            yield f"{statement.place} {statement.name}: no line says what it is for"
        if not statement.tokens:
            yield f"{statement.place} {statement.name}: a name without a statement"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name}: defined twice, or two statements under one name"


def engines_agree(
    portable: Sequence[Statement], own: dict[str, Sequence[Statement]]
) -> Iterator[str]:
    shared = {statement.name: statements.parameters(statement) for statement in portable}
    offered = {
        engine: shared | {each.name: statements.parameters(each) for each in own[engine]}
        for engine in own
    }
    first, second = offered
    for name in sorted(set(offered[first]) ^ set(offered[second])):
        yield f"{name}: only one engine has it"
    for name in sorted(set(offered[first]) & set(offered[second])):
        if offered[first][name] != offered[second][name]:
            yield f"{name}: the engines bind different values"


# --- What the project has ------------------------------------------------------------------------


def complaints(found: Iterator[str]) -> str:
    return "\n".join(found)


def test_every_table_is_marked_distributed_or_reference() -> None:
    assert schema(every_migration()), "no table found: the reader or the paths are wrong"
    assert not complaints(tables_are_marked(every_migration()))


def test_the_tenant_leads_every_key_of_a_distributed_table() -> None:
    assert not complaints(tenant_leads_every_key(every_migration()))


def test_the_tenant_leads_every_index_of_a_distributed_table() -> None:
    assert not complaints(tenant_leads_every_index(every_migration()))


def test_no_statement_uses_what_the_scaled_out_engine_refuses_or_replay_cannot_repeat() -> None:
    assert not complaints(nothing_banned([*every_migration(), *every_query()]))


def test_every_statement_names_its_one_tenant() -> None:
    tables = schema(every_migration())
    touched = {name for each in every_query() for _, name, _ in statements.references(each)}
    assert touched & set(tables), "no statement found: the reader or the paths are wrong"
    assert not complaints(one_tenant_is_named(every_query(), tables))


@pytest.mark.parametrize("folder", ["sql", "sqlite/sql", "postgres/sql"])
def test_every_query_has_one_name_a_purpose_and_one_statement(folder: str) -> None:
    assert not complaints(named_and_explained(queries(folder)))


def test_both_engines_offer_the_same_statements_with_the_same_parameters() -> None:
    own = {engine: queries(f"{engine}/sql") for engine in ENGINES}
    assert not complaints(engines_agree(queries("sql"), own))


def test_migrations_are_named_by_number_part_and_content() -> None:
    assert not [path.name for path in migrations() if not MIGRATION.match(path.name)]


@pytest.mark.parametrize("engine", ENGINES)
def test_migrations_are_numbered_without_gaps(engine: str) -> None:
    numbers = sorted({int(path.name[:4]) for path in migrations(engine)})
    assert numbers == list(range(1, len(numbers) + 1))


HIDDEN = re.compile(
    r"\s*(?:SELECT\s|INSERT\s+(?:OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s"
    r"|CREATE\s+(?:UNIQUE\s+)?(?:TABLE|INDEX)\s)"
)
# The list of applied migrations has to exist before the first file can be applied.
BEFORE_ANY_FILE = "schema_migration"


def hidden_statements(module: source.Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and HIDDEN.match(text) and BEFORE_ANY_FILE not in text:
            yield module.at(node.lineno, f"SQL outside the .sql files: {text[:40]!r}")


def test_no_statement_hides_in_python() -> None:
    assert not complaints(
        text for each in source.modules("src") for text in hidden_statements(each)
    )


# --- That each rule bites ------------------------------------------------------------------------

GOOD = """
-- What is kept of a thing.
-- distributed
CREATE TABLE thing (
    tenant_id INTEGER NOT NULL,
    thing_id  INTEGER NOT NULL,
    owner     TEXT NOT NULL DEFAULT ';' CHECK (owner <> 'x'),
    kind      INTEGER NOT NULL REFERENCES kind (kind),
    PRIMARY KEY (tenant_id, thing_id),
    CONSTRAINT one_owner UNIQUE (tenant_id, owner),
    FOREIGN KEY (tenant_id, owner) REFERENCES owner (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- reference
CREATE TABLE kind (kind INTEGER NOT NULL PRIMARY KEY, word TEXT NOT NULL UNIQUE);

CREATE INDEX thing_by_owner ON thing (tenant_id, owner DESC);
-- cross-tenant: what is due is asked of all tenants at once
CREATE INDEX thing_due ON thing (thing_id) WHERE owner IS NULL;
CREATE TRIGGER thing_kept BEFORE DELETE ON thing
BEGIN SELECT RAISE(ABORT, 'kept'); SELECT 1; END;
"""

BAD_SCHEMAS: list[tuple[Callable[[Sequence[Statement]], Iterator[str]], str, str]] = [
    (tables_are_marked, "-- distributed\n", "-- spread\n"),
    (tables_are_marked, "-- distributed\n", "-- distributed\n\n"),
    (tables_are_marked, "-- reference\n", ""),
    (tenant_leads_every_key, "tenant_id INTEGER NOT NULL", "tenant_id INTEGER"),
    (tenant_leads_every_key, "PRIMARY KEY (tenant_id, thing_id)", "PRIMARY KEY (thing_id)"),
    (tenant_leads_every_key, "PRIMARY KEY (tenant_id, thing_id),", ""),
    (tenant_leads_every_key, "UNIQUE (tenant_id, owner)", "UNIQUE (owner, tenant_id)"),
    (tenant_leads_every_key, "FOREIGN KEY (tenant_id, owner)", "FOREIGN KEY (owner)"),
    (tenant_leads_every_key, "owner     TEXT NOT NULL", "owner     TEXT NOT NULL UNIQUE"),
    (tenant_leads_every_key, "REFERENCES kind (kind)", "REFERENCES owner (name)"),
    (tenant_leads_every_index, "thing (tenant_id, owner DESC)", "thing (owner)"),
    (tenant_leads_every_index, "-- cross-tenant: what is due is asked of all tenants at once", ""),
    (tenant_leads_every_index, "-- cross-tenant: what", "-- cross-tenant:\n-- what"),
    (tenant_leads_every_index, "INDEX thing_due", "UNIQUE INDEX thing_due"),
    (nothing_banned, "DEFAULT ';'", "DEFAULT CURRENT_TIMESTAMP"),
    (nothing_banned, "kind INTEGER NOT NULL PRIMARY KEY", "kind BIGSERIAL PRIMARY KEY"),
    (nothing_banned, "PRIMARY KEY, word", "PRIMARY KEY AUTOINCREMENT, word"),
    (nothing_banned, "(tenant_id, name)", "(tenant_id, name) ON DELETE SET NULL"),
]


def test_a_good_schema_passes_every_rule() -> None:
    good = list(statements.split("good", GOOD))
    assert [each.tokens[1] for each in good] == ["table", "table", "index", "index", "trigger"]
    for rule in (tables_are_marked, tenant_leads_every_key, tenant_leads_every_index):
        assert not complaints(rule(good))
    assert not complaints(nothing_banned(good))


@pytest.mark.parametrize(("rule", "before", "after"), BAD_SCHEMAS)
def test_a_bad_schema_is_caught(
    rule: Callable[[Sequence[Statement]], Iterator[str]], before: str, after: str
) -> None:
    assert before in GOOD
    assert complaints(rule(list(statements.split("bad", GOOD.replace(before, after)))))


GOOD_QUERIES = [
    "SELECT owner FROM thing WHERE tenant_id = :tenant_id AND thing_id = :id",
    """SELECT a.owner FROM thing a JOIN thing b ON b.tenant_id = :tenant_id AND b.kind = a.kind
    WHERE a.tenant_id = :tenant_id""",
    "SELECT t.owner FROM thing AS t JOIN kind k ON k.kind = t.kind WHERE t.tenant_id = :tenant_id",
    """INSERT INTO thing (tenant_id, owner) VALUES (:tenant_id, :owner)
    ON CONFLICT (tenant_id, owner) DO NOTHING""",
    "UPDATE thing SET owner = :owner WHERE tenant_id = :tenant_id",
    """DELETE FROM thing WHERE tenant_id = :tenant_id AND thing_id IN (SELECT t.thing_id
    FROM thing t WHERE t.tenant_id = :tenant_id LIMIT :limit)""",
    "COPY thing (tenant_id, owner) FROM STDIN (FORMAT BINARY)",
    "SELECT word FROM kind WHERE kind = :kind",
    "-- cross-tenant: asked of all at once\nSELECT tenant_id FROM thing WHERE thing_id < :now",
]

BAD_QUERIES = [
    "SELECT owner FROM thing WHERE thing_id = :id",
    "SELECT owner FROM thing WHERE tenant_id = 1",
    "SELECT a.owner FROM thing a JOIN thing b ON b.kind = a.kind WHERE a.tenant_id = :tenant_id",
    "SELECT a.owner FROM thing a, thing b WHERE a.tenant_id = :tenant_id",
    "SELECT owner FROM thing WHERE owner = (SELECT owner FROM thing WHERE tenant_id = :tenant_id)",
    "SELECT :tenant_id, owner FROM thing",
    "INSERT INTO thing (owner, tenant_id) VALUES (:owner, :tenant_id)",
    "INSERT INTO thing (tenant_id, owner) VALUES (1, :owner)",
    """INSERT INTO thing (tenant_id, owner) VALUES (:tenant_id, :owner)
    ON CONFLICT (owner) DO NOTHING""",
    "UPDATE thing SET owner = :owner WHERE thing_id = :tenant_id",
    "DELETE FROM thing WHERE thing_id = :id",
    "COPY thing (owner, tenant_id) FROM STDIN (FORMAT BINARY)",
    "-- cross-tenant:\nSELECT tenant_id FROM thing WHERE thing_id < :now",
]


@pytest.mark.parametrize("text", GOOD_QUERIES)
def test_a_good_query_passes(text: str) -> None:
    of = list(statements.split("good", text))
    assert not complaints(one_tenant_is_named(of, schema(list(statements.split("good", GOOD)))))


@pytest.mark.parametrize("text", BAD_QUERIES)
def test_a_query_that_forgets_its_tenant_is_caught(text: str) -> None:
    of = list(statements.split("bad", text))
    assert complaints(one_tenant_is_named(of, schema(list(statements.split("good", GOOD)))))


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE thing SET at = now()",
        "SELECT gen_random_uuid()",
        "INSERT OR REPLACE INTO thing VALUES (1)",
        "UPDATE thing SET tenant_id = :other",
        "SELECT pg_advisory_xact_lock(1)",
        "NOTIFY channel",
        "MERGE INTO thing USING other ON true",
        "SELECT datetime('now')",
    ],
)
def test_a_banned_word_is_caught_in_a_query_but_not_in_a_string(text: str) -> None:
    assert complaints(nothing_banned(list(statements.split("bad", text))))
    quoted = "SELECT '" + text.replace("'", "''") + "'"
    assert not complaints(nothing_banned(list(statements.split("good", quoted))))


def test_a_query_without_name_purpose_or_partner_is_caught(tmp_path: Path) -> None:
    file = tmp_path / "bad.sql"
    file.write_text(
        "SELECT 1;\n-- name: a\nSELECT 1;\n-- name: b\n-- Twice.\nSELECT :x;\nSELECT 2;\n"
        "-- name: c\n-- Nothing.\n"
    )
    found = complaints(named_and_explained(statements.named(file)))
    assert "without a name" in found
    assert "a: no line says" in found
    assert "b: defined twice" in found
    assert "c: a name without a statement" in found


def test_engines_that_differ_are_caught() -> None:
    both = [Statement("x", "both", tokens=["select", ":a"])]
    other = [Statement("x", "both", tokens=["select", ":b"]), Statement("x", "lone")]
    found = list(engines_agree(both, {"sqlite": [], "postgres": other}))
    assert found == ["lone: only one engine has it", "both: the engines bind different values"]


def test_sql_in_python_is_caught() -> None:
    text = 'query = f"SELECT x FROM {table}"\nother = "DELETE FROM t"\nfine = "select one"\n'
    assert len(list(hidden_statements(source.Module("src/guerdon/web/sample.py", text)))) == 2
