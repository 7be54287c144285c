"""The operator's commands: the same whether a server runs or not, and nothing needs a restart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from acceptance.installation import Installation, Server, installed

BODY = '{"eventType": "ORDER_PLACED", "userId": "42bede01c83fa3947"}'


@pytest.fixture(
    scope="module",
    params=[
        "sqlite stopped",
        "sqlite serving",
        pytest.param("postgres serving", marks=pytest.mark.postgres),
        pytest.param("postgres stopped", marks=[pytest.mark.postgres, pytest.mark.slow]),
    ],
)
def operated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """An installation whose server is stopped, or serves; each test has a tenant of its own."""
    engine, _, state = request.param.partition(" ")
    with installed(engine, tmp_path_factory.mktemp("operated")) as made:
        if state == "stopped":
            yield made
            return
        with made.serving():
            yield made


def _report(server: Server, key: str, path: str = "/reward/demo/api/user_event") -> int:
    headers = {"X-API-KEY": key, "content-type": "application/json"}
    return server.call("POST", path, headers=headers, body=BODY).status


def test_an_operator_sets_a_partner_up(operated: Installation) -> None:
    assert operated.told("tenant", "create", "shop", "--name", "The demo")["code"] == "shop"
    names = {each["code"]: each["name"] for each in operated.told("tenant", "list")["tenants"]}
    assert names["shop"] == "The demo"
    key = operated.told(
        *("key", "create", "--tenant", "shop", "--dialect", "woowup", "--scope", "read"),
        *("--allow-ip", "127.0.0.0/8", "--allow-ip", "2001:db8::/32"),
    )
    assert set(key) >= {"id", "key"}
    (listed,) = operated.told("key", "list", "--tenant", "shop")["keys"]
    assert (listed["id"], listed["allowIp"]) == (key["id"], ["127.0.0.0/8", "2001:db8::/32"])
    assert key["key"] not in json.dumps(listed)
    member = operated.told(
        *("member", "create", "--tenant", "shop", "--external", "user-1", "--email", "A@B.example"),
        *("--phone", "+49 1", "--meditopia-token"),
    )
    assert set(member) == {"memberId", "number", "token"}
    words = ("--external", "user-1", "--action", "renewed", "--ends", "2030-01-01 00:00:00")
    assert operated.told("member", "status", "--tenant", "shop", *words)["number"] == 1
    operated.told("setting", "set", "--tenant", "shop", "outcomes.days", "7")
    settings = operated.told("setting", "list", "--tenant", "shop")["settings"]
    assert {each["name"]: each["value"] for each in settings}["outcomes.days"] == 7
    operated.told("key", "revoke", str(key["id"]))
    (listed,) = operated.told("key", "list", "--tenant", "shop")["keys"]
    assert listed["revokedAt"] is not None


def test_what_is_refused_ends_with_one_line_and_a_code(operated: Installation) -> None:
    operated.tenant("club")
    assert "club exists" in operated.refused("tenant", "create", "club")
    assert "64" in operated.refused("tenant", "create", "no spaces")
    for name in ("", "x" * 256, "two\nlines"):
        assert "255 printable" in operated.refused("tenant", "create", "named", "--name", name)
        words = ("admin", "create", "--tenant", "club", "--username", name, "--password-stdin")
        assert "255 printable" in operated.refused(*words, stdin="correct horse\n")
    member = ("member", "create", "--tenant", "club", "--email")
    for address in ("nope", "a@", "a b@c.example"):
        assert f"{address} is no e-mail address" in operated.refused(*member, address)
    for words in (
        ("outcomes", "--tenant", "club"),
        ("outcomes", "replay", "--tenant", "club", "--all"),
    ):
        assert "refused, duplicate, held" in operated.refused(*words, "--kind", "refusd")
        assert "conscent, meditopia" in operated.refused(*words, "--dialect", "concent")
    assert "nobody" in operated.refused("key", "list", "--tenant", "nobody")
    assert "42" in operated.refused("key", "revoke", "42")
    assert "activity" in operated.refused("activity", "skip", "--tenant", "club", "1")
    assert "woowup" in operated.refused("key", "create", "--tenant", "club", "--dialect", "fish")
    assert "network" in operated.refused(
        *("key", "create", "--tenant", "club", "--dialect", "woowup", "--allow-ip", "10.0.0.1/8")
    )
    assert "outcomes.days" in operated.refused(
        "setting", "set", "--tenant", "club", "outcomes.days", "never"
    )


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("meditopia.status_url", "partner.example/hook", "not a plain http or https URL"),
        ("meditopia.status_url", "https://partner.example:22/", "port 22"),
        ("members.sms_url", "ftp://gateway.example/", "not a plain http or https URL"),
        ("meditopia.status_secret", "whsec_short", "a webhook secret is whsec_"),
    ],
)
def test_a_setting_that_nothing_could_be_sent_by(
    sqlite: Installation, name: str, value: str, told: str
) -> None:
    sqlite.tenant()
    assert told in sqlite.refused("setting", "set", "--tenant", "demo", name, value)
    sqlite.told("setting", "set", "--tenant", "demo", name, "")


def test_wrong_usage_is_another_code(sqlite: Installation) -> None:
    assert sqlite.run("tenant", "create").code == 2
    assert sqlite.run("fly").code == 2
    assert sqlite.run("serve", "--port", "high").code == 2


def test_an_administrators_name_is_unique_in_the_installation(operated: Installation) -> None:
    operated.tenant("one")
    operated.tenant("two")
    words = ("--username", "admin", "--password-stdin")
    operated.told("admin", "create", "--tenant", "one", *words, stdin="correct horse\n")
    assert "admin exists" in operated.refused(
        "admin", "create", "--tenant", "two", *words, stdin="correct horse\n"
    )
    assert "password" in operated.refused(
        "admin", "create", "--tenant", "two", "--username", "other", "--password-stdin"
    )


def test_a_meditopia_key_for_any_address_is_made_with_a_warning(sqlite: Installation) -> None:
    sqlite.tenant()
    words = ("key", "create", "--tenant", "demo", "--dialect", "meditopia")
    assert "any address" in sqlite.run(*words).err
    assert sqlite.run(*words, "--allow-ip", "127.0.0.1").err == ""


def test_a_member_who_exists_can_be_given_a_token(operated: Installation) -> None:
    operated.tenant("band")
    words = ("member", "create", "--tenant", "band", "--external", "user-1")
    first = operated.told(*words)
    assert "exists" in operated.refused(*words)
    second = operated.told(*words, "--meditopia-token")
    assert (second["number"], second["memberId"]) == (first["number"], first["memberId"])
    assert re.fullmatch(r"[A-Za-z0-9_-]{155}=?", second["token"])


def test_nothing_needs_a_restart(installation: Installation) -> None:
    with installation.serving() as server:
        installation.tenant()
        key = installation.told("key", "create", "--tenant", "demo", "--dialect", "conscent")
        other = installation.key("conscent")
        assert _report(server, key["key"]) == 200
        assert _report(server, key["key"], "/reward/other/api/user_event") == 401
        installation.told("key", "revoke", str(key["id"]))
        # It may go on working for a second.
        while (status := _report(server, key["key"])) == 200:
            pass
        assert status == 401
        assert _report(server, other) == 200


def test_a_tokens_signing_key_is_replaced_while_the_old_tokens_stay_valid(
    either: Installation,
) -> None:
    either.tenant()
    words = ("admin", "create", "--tenant", "demo", "--username", "admin", "--password-stdin")
    either.told(*words, stdin="correct horse\n")
    with either.serving() as server:
        before = _log_in(server)
        kid = either.told("token", "rotate")["kid"]
        while (after := _log_in(server)) and _kid(after) != kid:
            pass
        for token in (before, after):
            reply = server.call("GET", "/api/event", headers={"Authorization": f"Bearer {token}"})
            assert reply.status == 200


def _log_in(server: Server) -> str:
    return str(
        server.call(
            "POST",
            "/api/admin/login_check",
            headers={"Content-Type": "application/json"},
            body='{"_username": "admin", "_password": "correct horse"}',
        ).json()["token"]
    )


def _kid(token: str) -> Any:
    return jwt.get_unverified_header(token)["kid"]


def test_settings_come_from_flags_then_variables_then_a_file(sqlite: Installation) -> None:
    (sqlite.folder / "guerdon.toml").write_text('workers = 3\nport = 1234\nmail_from = "a@b.c"\n')
    sqlite.environ["GUERDON_PORT"] = "4321"
    other = sqlite.folder / "elsewhere"
    words = ("config", "show", "--data-dir", str(other))
    shown = {each["name"]: each for each in sqlite.told(*words)["settings"]}
    assert shown["data_dir"] == {"name": "data_dir", "value": str(other), "source": "flag"}
    assert (shown["port"]["value"], shown["port"]["source"]) == ("4321", "GUERDON_PORT")
    assert shown["workers"]["value"] == "3"
    assert shown["secret_key"]["value"] == "(hidden)"
    sqlite.environ["GUERDON_PROT"] = "1"
    assert "GUERDON_PORT" in sqlite.refused("config", "show")


def test_the_doctor_tells_what_there_is(operated: Installation) -> None:
    told = operated.told("doctor")
    assert told["problems"] == []
    assert told["database"]["engine"] == operated.engine
    assert {"settings", "versions", "disk", "socket"} <= set(told)


def test_the_probes_need_no_credential(either: Installation) -> None:
    with either.serving() as server:
        assert server.call("GET", "/livez").status == 200
        ready = server.call("GET", "/readyz")
        assert (ready.status, ready.json()["status"]) == (200, "ready")
        assert server.call("GET", "/version").json()["name"] == "guerdon"
        assert "guerdon_build_info" in server.call("GET", "/metrics").body.decode()


def test_an_access_log_is_written_when_asked_for(sqlite: Installation) -> None:
    sqlite.environ["GUERDON_ACCESS_LOG"] = "true"
    with sqlite.serving() as server:
        server.call("GET", "/livez?apikey=gk_secret")
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    (line,) = [each for each in lines if each["event"] == "request_answered"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/livez", 200)


def test_a_public_address_without_tls_is_warned_about(sqlite: Installation) -> None:
    with sqlite.serving("--host", "0.0.0.0") as server:  # noqa: S104
        assert server.call("GET", "/livez").status == 200
    assert "plain_http_on_public_address" in server.log.read_text()
