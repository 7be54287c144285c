"""Settings: which layer wins, what is refused, and what never shows."""

import os
from ipaddress import ip_network
from pathlib import Path

import pytest
from rich.pretty import pretty_repr

from guerdon import config, secret_key
from guerdon.errors import Misconfigured

KEY = "00ff" * 16


def load(cwd, flags=None, **environ):
    return config.load(
        flags or {}, {f"GUERDON_{name}": text for name, text in environ.items()}, cwd
    )


def refusal(cwd, flags=None, **environ):
    with pytest.raises(Misconfigured) as caught:
        load(cwd, flags, SECRET_KEY=KEY, **environ)
    return caught.value.message


def toml(cwd, text, name="guerdon.toml"):
    (cwd / name).write_text(text)
    return str(cwd / name)


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 1), (3, 2), (64, 4)])
def test_there_is_a_worker_for_each_core_but_one(tmp_path, monkeypatch, cores, workers):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    assert load(tmp_path).workers == workers


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 2), (3, 3), (64, 4)])
def test_with_postgresql_there_is_one_for_each_core(tmp_path, monkeypatch, cores, workers):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    assert load(tmp_path, DATABASE_URL="postgresql://localhost/guerdon").workers == workers


def test_with_nothing_given_the_defaults_hold_and_stand_in_the_working_folder(tmp_path):
    settings = load(tmp_path)
    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url == f"sqlite:///{tmp_path}/data/guerdon.db"
    assert settings.engine == "sqlite"
    assert settings.sqlite_path == tmp_path / "data" / "guerdon.db"
    assert settings.socket_path == tmp_path / "data" / "guerdon.sock"
    assert (settings.host, settings.port) == ("127.0.0.1", 8181)
    assert settings.smtp_url is None
    assert settings.trusted_proxies == settings.allowed_hosts == ()
    assert not settings.allow_unsafe_storage
    assert not settings.access_log
    assert not settings.webhooks_allow_private
    assert settings.source("port") == "default"


def test_a_flag_beats_a_variable_beats_the_file_beats_the_default(tmp_path):
    path = toml(tmp_path, "port = 1\nworkers = 2\nhost = 'file'\n")
    settings = load(tmp_path, {"port": 3, "workers": None}, SECRET_KEY=KEY, PORT="2", WORKERS="4")
    assert (settings.port, settings.source("port")) == (3, "flag")
    assert (settings.workers, settings.source("workers")) == (4, "GUERDON_WORKERS")
    assert (settings.host, settings.source("host")) == ("file", path)


def test_every_setting_can_come_from_every_layer_with_the_same_value(tmp_path):
    given = {
        "data_dir": "somewhere",
        "database_url": "sqlite:///x.db",
        "secret_key": KEY,
        "smtp_url": "smtp://relay.example:587",
        "mail_from": "points@shop.example",
        "trusted_proxies": "10.0.0.0/8,2001:db8::/32",
        "host": "0.0.0.0",  # noqa: S104 - a setting, nothing listens
        "port": "1",
        "workers": "2",
        "allow_unsafe_storage": "yes",
        "allowed_hosts": "loyalty.example,*.shop.example",
        "webhooks_allow_private": "on",
        "access_log": "1",
    }
    assert set(given) == set(config.NAMES)
    from_flags = load(tmp_path, given)
    from_environ = load(tmp_path, **{name.upper(): text for name, text in given.items()})
    toml(tmp_path, "\n".join(f"{name} = {text!r}" for name, text in given.items()))
    from_file = load(tmp_path)
    for name in given:
        values = [getattr(each, name) for each in (from_flags, from_environ, from_file)]
        assert values[0] == values[1] == values[2]
        assert type(values[0]) is type(values[1])
    assert from_file.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    assert from_file.data_dir == tmp_path / "somewhere"


def test_the_file_may_hold_numbers_lists_and_booleans_as_toml_writes_them(tmp_path):
    toml(tmp_path, "port = 80\naccess_log = true\nallowed_hosts = ['a.example', 'B.example']\n")
    settings = load(tmp_path, SECRET_KEY=KEY)
    assert (settings.port, settings.access_log) == (80, True)
    assert settings.allowed_hosts == ("a.example", "b.example")


def test_guerdon_config_names_the_file_and_then_it_must_exist(tmp_path):
    toml(tmp_path, "port = 5", "other.toml")
    assert load(tmp_path, SECRET_KEY=KEY, CONFIG="other.toml").port == 5
    assert load(tmp_path, {"config": "other.toml"}, SECRET_KEY=KEY, CONFIG="no.toml").port == 5
    assert "no.toml: No such file" in refusal(tmp_path, CONFIG="no.toml")


def test_a_broken_file_is_refused_with_its_name(tmp_path):
    toml(tmp_path, "port = = 5")
    assert "guerdon.toml" in refusal(tmp_path)


def test_an_unknown_name_is_refused_with_the_nearest_known_one(tmp_path):
    assert "GUERDON_PROT; did you mean GUERDON_PORT?" in refusal(tmp_path, PROT="1")
    assert "flag prot; did you mean port?" in refusal(tmp_path, {"prot": 1})
    toml(tmp_path, "trusted_proxy = '10.0.0.0/8'")
    assert "trusted_proxy; did you mean trusted_proxies?" in refusal(tmp_path)


def test_the_variables_kubernetes_invents_are_refused_with_the_way_out(tmp_path):
    assert "enableServiceLinks" in refusal(tmp_path, SERVICE_PORT_HTTP="8181")
    assert "enableServiceLinks" in refusal(tmp_path, PORT_8181_TCP="tcp://10.0.0.1:8181")


def test_variables_that_are_no_settings_are_not_looked_at(tmp_path):
    environ = {"PORT": "1", "HOME": "/", "GUERDON_SECRET_KEY": KEY, "GUERDON_FAULT": "x"}
    assert config.load({}, environ, tmp_path).port == 8181


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", ""),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "8_1"),
        ("PORT", "٣"),
        ("PORT", "tcp://10.0.0.1:8181"),
        ("WORKERS", "0"),
        ("WORKERS", "1.0"),
        ("ACCESS_LOG", ""),
        ("ACCESS_LOG", "maybe"),
        ("DATA_DIR", ""),
        ("DATA_DIR", "a\x00b"),
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_URL", "sqlite://x.db"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///x.db?mode=ro"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("ALLOWED_HOSTS", "https://a.example"),
        ("ALLOWED_HOSTS", "a.example:80"),
        ("SMTP_URL", "http://relay.example"),
        ("SMTP_URL", "smtp://"),
        ("SMTP_URL", "smtp://relay.example:port"),
        ("SMTP_URL", "smtp://relay.example/path"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "a@b.example, c@d.example"),
    ],
)
def test_a_value_that_is_none_is_refused_and_the_message_says_where_it_came_from(
    tmp_path, name, text
):
    assert f"(from GUERDON_{name})" in refusal(tmp_path, **{name: text})


def test_an_empty_list_or_smtp_url_means_none_and_beats_the_file(tmp_path):
    toml(tmp_path, "trusted_proxies = ['10.0.0.0/8']\nsmtp_url = 'smtp://relay.example'\n")
    settings = load(tmp_path, SECRET_KEY=KEY, TRUSTED_PROXIES="", SMTP_URL="")
    assert (settings.trusted_proxies, settings.smtp_url) == ((), None)


def test_a_sqlite_path_is_relative_with_three_slashes_and_absolute_with_four(tmp_path):
    relative = load(tmp_path, SECRET_KEY=KEY, DATABASE_URL="sqlite:///some/x.db")
    absolute = load(tmp_path, SECRET_KEY=KEY, DATABASE_URL="sqlite:////srv/x.db")
    assert relative.sqlite_path == tmp_path / "some" / "x.db"
    assert absolute.sqlite_path == Path("/srv/x.db")


def test_a_postgresql_url_is_kept_as_it_is(tmp_path):
    url = "postgresql://u:p@db.example:5432/guerdon?sslmode=require"
    settings = load(tmp_path, SECRET_KEY=KEY, DATABASE_URL=url)
    assert (settings.engine, settings.database_url) == ("postgres", url)
    with pytest.raises(Misconfigured):
        _ = settings.sqlite_path


def test_a_secret_may_be_handed_in_as_a_file(tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    (tmp_path / "key").chmod(0o444)
    settings = load(tmp_path, SECRET_KEY_FILE="key")
    assert settings.secret_key == bytes.fromhex(KEY)
    assert settings.source("secret_key") == "GUERDON_SECRET_KEY_FILE"


def test_a_secret_given_twice_in_one_layer_is_refused(tmp_path):
    message = refusal(tmp_path, SECRET_KEY_FILE="key")
    assert "both GUERDON_SECRET_KEY and GUERDON_SECRET_KEY_FILE" in message


def test_a_secret_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Misconfigured, match="GUERDON_SECRET_KEY_FILE"):
        load(tmp_path, SECRET_KEY_FILE="nowhere")


def test_a_secret_key_is_hex_or_base64_or_a_long_passphrase():
    plain = bytes(range(200, 232))
    standard = "yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc="
    assert secret_key.from_text(plain.hex()) == plain
    assert secret_key.from_text(plain.hex().upper()) == plain
    assert secret_key.from_text(standard) == plain
    assert secret_key.from_text(standard.rstrip("=").replace("/", "_").replace("+", "-")) == plain
    passphrase = "correct horse battery staple and more"
    assert len(secret_key.from_text(passphrase)) == 32
    assert secret_key.from_text(passphrase) != secret_key.from_text(passphrase + "!")


@pytest.mark.parametrize("text", ["canary", "canary-of-only-31-characters-xx"])
def test_a_short_secret_key_is_refused_without_showing_it(tmp_path, text):
    with pytest.raises(Misconfigured) as caught:
        load(tmp_path, SECRET_KEY=text)
    assert text not in caught.value.message
    assert not (tmp_path / "data").exists()


def test_the_secret_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    first = load(tmp_path)
    path = tmp_path / "data" / "secret.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert load(tmp_path).secret_key == first.secret_key
    assert len(first.secret_key) == 32
    assert os.listdir(path.parent) == ["secret.key"]  # noqa: PTH208 - names, hidden ones too


def test_two_processes_making_the_secret_key_at_once_end_with_one_key(tmp_path):
    def other_process_is_faster(_):
        config.load({}, {}, tmp_path, fresh_key=lambda _: b"1" * 32)
        return b"2" * 32

    settings = config.load({}, {}, tmp_path, fresh_key=other_process_is_faster)
    assert settings.secret_key == b"1" * 32
    assert load(tmp_path).secret_key == b"1" * 32


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_secret_key_that_others_can_read_is_refused(tmp_path, mode):
    load(tmp_path)
    path = tmp_path / "data" / "secret.key"
    path.chmod(mode)
    with pytest.raises(Misconfigured, match="chmod 600"):
        load(tmp_path)


def test_an_empty_secret_key_file_is_refused_not_replaced(tmp_path):
    load(tmp_path)
    path = tmp_path / "data" / "secret.key"
    path.write_text("")
    with pytest.raises(Misconfigured):
        load(tmp_path)
    assert path.read_text() == ""


def test_nothing_that_prints_settings_shows_a_secret(tmp_path):
    settings = load(
        tmp_path,
        SECRET_KEY=KEY,
        SMTP_URL="smtp://me:canary-smtp@relay.example",
        DATABASE_URL="postgresql://me:canary/db@db.example/x?password=canary-query&a=b",
    )
    shown = repr(settings) + str(settings) + pretty_repr(settings)
    shown += "".join(f"{each.name} {each.shown} {each.source}" for each in settings.settings())
    assert "canary" not in shown
    assert KEY not in shown
    assert repr(bytes.fromhex(KEY))[2:-1] not in shown
    assert "smtp://me:***@relay.example" in shown


def test_a_refused_secret_is_not_repeated_in_the_refusal(tmp_path):
    assert "canary" not in refusal(tmp_path, SMTP_URL="smtp://me@relay.example:canary")
    assert "canary" not in refusal(tmp_path, DATABASE_URL="mysql://me:canary@db")


def test_doctor_sees_every_setting_with_its_source(tmp_path):
    shown = {each.name: each for each in load(tmp_path, {"port": 9}, SECRET_KEY=KEY).settings()}
    assert tuple(shown) == config.NAMES
    assert (shown["port"].shown, shown["port"].source) == ("9", "flag")
    assert shown["secret_key"].source == "GUERDON_SECRET_KEY"
    assert shown["host"].source == "default"


def test_a_setting_that_is_none_is_shown_as_one_gives_it(tmp_path):
    shown = {each.name: each.shown for each in load(tmp_path, SECRET_KEY=KEY).settings()}
    assert shown["smtp_url"] == shown["allowed_hosts"] == ""


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"SECRET_KEY": "short"}, "secret_key (from GUERDON_SECRET_KEY): "),
        ({"SECRET_KEY_FILE": "nowhere"}, "nowhere: No such file"),
        ({}, "data/secret.key can be read by others"),
    ],
)
def test_a_key_that_cannot_be_read_stops_nobody_who_needs_none(tmp_path, given, told):
    load(tmp_path)
    (tmp_path / "data" / "secret.key").chmod(0o644)
    environ = {f"GUERDON_{name}": text for name, text in given.items()}
    settings = config.load({}, environ, tmp_path, needs_key=False)
    assert settings.secret_key == b""
    assert told in settings.key_trouble
    with pytest.raises(Misconfigured) as caught:
        config.load({}, environ, tmp_path)
    assert caught.value.message == settings.key_trouble


def test_a_data_folder_that_cannot_be_made_is_refused_with_its_name(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match=r"^data_dir .*file/data: .* File exists$"):
        load(tmp_path, DATA_DIR="file/data")
    with pytest.raises(Misconfigured, match=r"^data_dir /proc/data: .* No such file"):
        load(tmp_path, DATA_DIR="/proc/data")


def test_a_data_folder_that_cannot_be_looked_into_is_refused_where_a_key_is_needed(tmp_path):
    name = "x" * 300
    with pytest.raises(Misconfigured, match=r"secret.key: File name too long"):
        load(tmp_path, DATA_DIR=name)
    settings = config.load({"data_dir": name}, {}, tmp_path, needs_key=False)
    assert "File name too long" in settings.key_trouble


def test_what_is_no_file_is_no_database(tmp_path):
    for place in (tmp_path, "/dev/null"):
        message = refusal(tmp_path, DATABASE_URL=f"sqlite:///{place}")
        assert message == f"database_url (from GUERDON_DATABASE_URL): {place} is there and no file"
