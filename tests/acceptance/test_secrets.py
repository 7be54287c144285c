"""Nothing that lets somebody in is readable where it need not be.

Canaries: every credential that was made and used, and wrong ones that were tried. They are looked
for in the database, its backup, the log, the metrics and the folder of outgoing mail; nine
characters of one in a row are a find.
"""

from __future__ import annotations

from pathlib import Path

import psycopg

from acceptance.activity import JSON, PASSWORD, populate
from acceptance.installation import Installation, Server

TRIED = "gk_a7b7c7d7e7f7g7h7i7j7k7l7m7n7o7p7"
_PARTS = 9


def _pieces(secret: str) -> list[bytes]:
    """Every run of nine characters of a secret, without what all of its kind begin with."""
    text = secret.removeprefix("gk_")
    if text.count(".") == 2:
        # A signed token's head and claims are no secret; its signature is what lets in.
        text = text.rpartition(".")[2]
    return [text[at : at + _PARTS].encode() for at in range(len(text) - _PARTS + 1)]


def _found(secrets: dict[str, str], places: dict[str, bytes]) -> list[str]:
    return [
        f"{name} in {place}"
        for name, secret in secrets.items()
        for place, content in places.items()
        if any(piece in content for piece in _pieces(secret))
    ]


def _dump(installation: Installation) -> bytes:
    """Everything the database holds."""
    if installation.database_url is None:
        installation.told("backup", str(installation.folder / "backup.db"))
        files = [installation.folder / "backup.db", *installation.data.glob("guerdon.db*")]
        return b"\n".join(path.read_bytes() for path in files)
    parts = []
    with psycopg.connect(installation.database_url) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        for (table,) in tables:
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT'.encode()) as rows:
                parts += [bytes(row) for row in rows]
    return b"\n".join(parts)


def _try_wrong_ones(server: Server) -> None:
    for method, path, headers, body in (
        ("POST", "/reward/demo/api/user_event", {**JSON, "X-API-KEY": TRIED}, "{}"),
        ("POST", "/default/v1/events", {**JSON, "Authorization": f"Bearer {TRIED}"}, "{}"),
        ("GET", f"/apiv3/events?apikey={TRIED}", {}, None),
        ("GET", "/apiv3/events", {"Authorization": f"Basic {TRIED}"}, None),
        ("GET", f"/api/event?auth_token={TRIED}", {}, None),
        ("GET", "/api/event", {"X-AUTH-TOKEN": TRIED}, None),
        ("POST", "/api/admin/login_check", JSON, f'{{"_username":"admin","_password":"{TRIED}"}}'),
        ("POST", "/api/token/refresh", JSON, f'{{"refresh_token":"{TRIED}"}}'),
    ):
        assert server.call(method, path, headers=headers, body=body).status in range(400, 500)


def test_no_credential_is_found_where_it_need_not_be(installation: Installation) -> None:
    installation.environ["GUERDON_ACCESS_LOG"] = "true"
    with installation.serving() as server:
        secrets = populate(installation, server)
        secrets |= {"tried": TRIED, "installation": _secret_key(installation)}
        _try_wrong_ones(server)
        metrics = server.call("GET", "/metrics").body
        doctor = installation.run("doctor", "--json").out.encode()
        places = {"database": _dump(installation), "metrics": metrics, "doctor": doctor}
    places["log"] = server.log.read_bytes()
    places["mail"] = b"".join(path.read_bytes() for path in installation.data.glob("mail/*"))
    assert secrets["password"] == PASSWORD
    assert len(secrets) >= 7
    assert not _found(secrets, places)


def test_a_secret_that_is_there_would_be_found() -> None:
    assert _found({"key": TRIED}, {"log": f"... {TRIED[:15]} ...".encode()}) == ["key in log"]


def _secret_key(installation: Installation) -> str:
    return Path(installation.data / "secret.key").read_text().strip()


def test_a_key_is_shown_once_and_kept_as_a_hash(installation: Installation) -> None:
    installation.tenant()
    key = installation.key("conscent")
    assert key not in installation.run("key", "list", "--tenant", "demo", "--json").out
    (stored,) = installation.rows("SELECT secret_hash, hint FROM api_key")
    assert len(bytes(stored[0])) == 32
    assert stored[1] == key[-4:]
    # 160 random bits: 32 characters of 5 bits.
    assert len(key.removeprefix("gk_")) == 32


def test_what_guerdon_writes_is_its_owners_alone(sqlite: Installation) -> None:
    with sqlite.serving() as server:
        populate(sqlite, server)
        sqlite.told("backup", str(sqlite.data / "backup.db"))
        files = [path for path in sqlite.data.rglob("*") if not path.is_dir()]
        assert {path.name for path in files} >= {"guerdon.db", "guerdon.sock", "secret.key"}
        open_to_others = [path.name for path in files if path.stat().st_mode & 0o077]
        assert not open_to_others
        assert sqlite.data.stat().st_mode & 0o077 == 0
