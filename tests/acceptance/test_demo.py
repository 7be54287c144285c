"""`guerdon demo`: one command, and the printed curl lines work as printed."""

from __future__ import annotations

import json
import re
import shutil
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any

import apsw
import pytest

from acceptance.installation import GUERDON, PATIENCE_SECONDS, Installation, Server

DIALECTS = {"conscent", "meditopia", "woowup", "openloyalty"}


def _started(installation: Installation) -> Server:
    """A demo that has told everything."""
    server = installation.start(command=(GUERDON, "demo"))
    server.wait_for("Ctrl-C")
    server.url = next(
        line.removeprefix("Guerdon serves on ")
        for line in server.lines
        if line.startswith("Guerdon serves on ")
    )
    return server


def _kept(installation: Installation) -> Any:
    return json.loads((installation.data / "demo.json").read_text())


def _curl_lines(server: Server) -> list[str]:
    return [line.strip() for line in server.lines if line.startswith("  curl")]


def _told(line: str) -> Any:
    """What a printed line answers, run as it is."""
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, check=True, timeout=PATIENCE_SECONDS
    )
    return json.loads(done.stdout)


def _require_samples(server: Server, installation: Installation) -> None:
    """Sample activity of every format came through the routes."""
    for dialect in DIALECTS:
        counted = f'guerdon_http_answers_total{{room="{dialect}",status="20'
        # What another worker has counted shows within a second.
        while counted not in server.call("GET", "/metrics").body.decode():
            pass
    names = {row[0] for row in installation.rows("SELECT name FROM activity_type")}
    assert {"ORDER_PLACED", "register", "view-product"} <= names


def _require_readme(installation: Installation, server: Server) -> None:
    """What the README prints works as printed, where the demo is, and comes to what it says."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    reporting, walk = (block for block in blocks if "curl" in block)
    assert not _told_by(installation, server, reporting)[0].get("error")
    told = _told_by(installation, server, walk)
    before, after = told[2], told[4]
    assert (before["levelName"], after["levelName"]) == ("Gold", "Gold")
    assert before["points"] - after["points"] == 300
    (coupon,) = told[3]["coupons"]
    assert coupon["code"] == "BEANS-1"
    names = [each["campaignName"] for each in after["campaignPurchases"]]
    assert names == ["A free coffee", "A bag of beans"]
    transfers, explained = (answer["events"] for answer in told[5:])
    assert transfers[-1]["payload"]["pointsTransfer"]["value"] == 300
    last = explained[-1]["payload"]["explanation"]
    assert ("A review", 400) in [(each["name"], each["value"]) for each in last]


def _told_by(installation: Installation, server: Server, block: str) -> list[Any]:
    """Every JSON text that a block of shell lines prints."""
    lines = block.replace("http://127.0.0.1:8181", server.url)
    done = subprocess.run(
        ["sh", "-eu", "-c", lines],
        cwd=installation.folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    found, decoder, rest = [], json.JSONDecoder(), done.stdout.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].strip()
    return found


def _curl(line: str) -> int:
    done = subprocess.run(
        ["sh", "-c", f"{line} -s -o /dev/null -w '%{{http_code}}'"],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    return int(done.stdout)


def _activities(installation: Installation) -> int:
    return int(installation.rows("SELECT count(*) FROM activity")[0][0])


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_printed_lines_and_the_readmes_work_as_printed(either: Installation) -> None:
    server = _started(either)
    *reporting, showing = _curl_lines(server)
    try:
        _require_samples(server, either)
        assert len(reporting) == len(DIALECTS)
        has = _told(showing)
        assert (has["totalEarnedPoints"], has["points"], has["levelName"]) == (125, 85, "Silver")
        (reward,) = has["campaignPurchases"]
        assert (reward["campaignName"], reward["costInPoints"]) == ("A free coffee", 40)
        assert (reward["coupon"]["code"], reward["canBeUsed"]) == ("COFFEE", True)
        _require_readme(either, server)
        for line in reporting * 2:
            assert _curl(line) in (200, 204), line
        events = _told(reporting[-1])["events"]
        assert len(events) == 5
    finally:
        assert server.stop() == 0


def _decided(installation: Installation) -> dict[str, int]:
    """How many decisions there are of each of Open Loyalty's types, by their last word."""
    found = installation.rows(
        "SELECT type, count(*) FROM decision WHERE type LIKE 'OpenLoyalty.%' GROUP BY type"
    )
    return {str(name).rpartition(".")[2]: int(count) for name, count in found}


def test_the_credentials_are_kept_for_their_owner_and_hold_until_they_are_lost(
    sqlite: Installation,
) -> None:
    server = _started(sqlite)
    first = _kept(sqlite)
    assert server.stop() == 0
    mode = stat.S_IMODE((sqlite.data / "demo.json").stat().st_mode)
    assert mode == stat.S_IRUSR | stat.S_IWUSR
    assert set(first["keys"]) == DIALECTS
    stored, decided = _activities(sqlite), _decided(sqlite)
    assert stored > 0
    assert decided["PointsWereAdded"] == 4, "an order, a video, a product, and a purchase at a till"
    assert decided["CustomerWasMovedToLevel"] > 1
    assert decided["PointsWereSpent"] == decided["CampaignWasBoughtByCustomer"] == 1
    server = _started(sqlite)
    try:
        second = _kept(sqlite)
        assert second == {**first, "url": server.url}
        # Sample activity is sent once, and the programme defined once.
        assert (_activities(sqlite), _decided(sqlite)) == (stored, decided)
        listed = server.call(
            "GET", "/api/level", headers={"X-AUTH-TOKEN": second["keys"]["openloyalty"]}
        )
        assert [each["name"] for each in listed.json()["levels"]] == ["Bronze", "Silver", "Gold"]
        assert _log_in(server, second["admin"]) == 200
    finally:
        assert server.stop() == 0
    (sqlite.data / "demo.json").unlink()
    server = _started(sqlite)
    try:
        # Their hashes alone do not bring them back: there are others now.
        after = _kept(sqlite)
        assert set(after["keys"].values()).isdisjoint(first["keys"].values())
        assert _log_in(server, after["admin"]) == 200
        headers = {"X-AUTH-TOKEN": first["keys"]["openloyalty"]}
        assert server.call("GET", "/api/event", headers=headers).status == 403
        assert _decided(sqlite) == decided
    finally:
        assert server.stop() == 0


def test_a_demo_of_an_earlier_release_is_brought_up_to_this_one(sqlite: Installation) -> None:
    assert _started(sqlite).stop() == 0
    decided = _decided(sqlite)
    connection = apsw.Connection(str(sqlite.database))
    connection.execute(
        "DROP TABLE decision_block; DELETE FROM sqlite_stat1 WHERE tbl = 'decision_block';"
        " DELETE FROM follower WHERE name = 'decision_blocks';"
        " CREATE INDEX decision_by_type ON decision (tenant_id, type, position, ordinal);"
        " ALTER TABLE member_level DROP COLUMN window_position;"
        " DELETE FROM schema_migration WHERE name >= '0017'"
    ).fetchall()
    connection.close()
    server = _started(sqlite)
    try:
        assert _log_in(server, _kept(sqlite)["admin"]) == 200
        assert _decided(sqlite) == decided
    finally:
        assert server.stop() == 0
    assert sqlite.rows("SELECT count(*) FROM schema_migration WHERE name >= '0017'") == [(3,)]


def test_beside_a_server_a_demo_is_refused_before_it_does_anything(sqlite: Installation) -> None:
    with sqlite.serving() as server:
        names = _names(sqlite)
        reason = sqlite.refused("demo", "--port", "0")
        assert f"held by process {server.process.pid}" in reason
        assert _names(sqlite) == names
        assert sqlite.told("tenant", "list")["tenants"] == []


def test_beside_a_demo_another_is_refused_and_the_file_stays(sqlite: Installation) -> None:
    server = _started(sqlite)
    try:
        kept = _kept(sqlite)
        assert f"held by process {server.process.pid}" in sqlite.refused("demo", "--port", "1")
        assert _kept(sqlite) == kept
    finally:
        assert server.stop() == 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "in use" in sqlite.refused("demo", "--port", str(taken.getsockname()[1]))
    assert _kept(sqlite) == kept


def _names(installation: Installation) -> set[str]:
    return {path.name for path in installation.data.iterdir()}


def _log_in(server: Server, admin: dict[str, str]) -> int:
    body = json.dumps({"_username": admin["username"], "_password": admin["password"]})
    headers = {"Content-Type": "application/json"}
    return server.call("POST", "/api/admin/login_check", headers=headers, body=body).status
