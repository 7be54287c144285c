"""Every documented request leads somewhere, and only those get there who may."""

import re
from pathlib import Path

import pytest

from dialects.openloyalty import documented
from dialects.openloyalty.staff import staff
from dialects.openloyalty.till import customer, permanent, post, seller
from guerdon.dialects.openloyalty import leftout, nouns
from guerdon.dialects.openloyalty.roles import RESOURCES
from guerdon.dialects.openloyalty.routes import room
from guerdon.web.routing import Router

DOCUMENT = Path(__file__).parents[3] / "docs/dialects/openloyalty.md"
ROW = re.compile(r"\| ([A-Z]+) \| `(/.*?)`( °)? \| ([a-z, ]+) \| ([A-Z_:]*) *\|")
KINDS = ("admin", "seller", "customer")
REFUSED = {"message": "Access Denied."}


@pytest.fixture
def callers(house):
    """The headers of an administrator whose role grants nothing, a seller and a member."""
    member = house.member(("email", "somebody@example.com"))
    return {
        "admin": staff(house),
        "seller": seller(house),
        "customer": customer(house, member.member_id),
    }


def requests():
    """Every documented request that is served, each once."""
    return [each for each in dict.fromkeys(documented.every()) if each.who != ("left-out",)]


def bare(path):
    """A path as endpoints have it."""
    return path.replace(documented.STORE, "").removeprefix("/api")


def test_219_requests_are_documented_some_of_them_twice():
    assert len(documented.of_release_4()) == 219
    assert len(set(documented.of_release_4())) == 215
    assert len(documented.every()) == 250


def test_every_documented_path_leads_to_its_own_endpoint(house):
    built = room(house.engine, house.config)
    router = Router([built], outside=built)
    handlers = {
        (route.method, documented.form(prefix + route.path_template)): route.handler
        for prefix, routes in (("/api", built.routes), ("", built.elsewhere))
        for route in routes
    }
    for each in documented.every():
        for path, target in zip(each.paths, each.targets, strict=True):
            wanted = handlers.get((each.method, documented.form(path).rstrip("/") or "/"))
            wanted = wanted or handlers.get((each.method, documented.form(path)))
            assert wanted, (each.method, path)
            assert router.resolve(each.method, target.encode()).handler is wanted, target


def test_the_contexts_are_the_documented_ones():
    served = {(each.method, documented.form(each.path)): each for each in nouns.endpoints()}
    for each in requests():
        found = served.get((each.method, documented.form(bare(each.path))))
        assert found is None or sorted(found.contexts) == sorted(each.who), each


def test_nobody_gets_anywhere_without_a_credential(house):
    for each in requests():
        if each.who == ("anyone",):
            continue
        for target in each.targets:
            reply = house.call(each.method, target)
            assert (reply.status, list(reply.json())) == (401, ["code", "message"]), (each, target)


def test_nobody_gets_where_they_are_not_expected_or_their_role_does_not_let_them(house, callers):
    own_password = ("POST", "/api/{storeCode}/admin/password/change")
    for each in requests():
        if each.who == ("anyone",):
            continue
        for kind in KINDS:
            may = kind in each.who and (kind != "admin" or (each.method, each.path) == own_password)
            if may or each.path == "/api/token/revoke":
                continue
            reply = house.call(each.method, each.targets[-1], headers=callers[kind])
            assert (reply.status, reply.json()) == (403, REFUSED), (kind, each)


def test_who_may_see_everything_changes_nothing(house):
    watcher = staff(house, *(f"{resource}:VIEW" for resource in RESOURCES))
    for each in nouns.endpoints():
        if "admin" in each.contexts and each.permission:
            reply = house.call(each.method, "/api" + documented.filled(each.path), headers=watcher)
            is_change = each.permission.endswith(":MODIFY")
            assert (reply.status == 403) == is_change, (each.method, each.path, reply.body)
            assert reply.status < 500, (each.method, each.path, reply.body)


def test_every_permission_that_is_asked_for_can_be_granted():
    for each in nouns.endpoints():
        resource, _, access = each.permission.partition(":")
        assert not resource or (resource in RESOURCES and access in {"VIEW", "MODIFY"}), each


def test_the_document_lists_every_endpoint_as_it_is():
    listed = {match.groups() for match in ROW.finditer(DOCUMENT.read_text())}
    left_out = {(each.method, each.path) for each in leftout.endpoints()}
    served = {
        (
            each.method,
            each.path,
            None if each.in_store else " °",
            ", ".join(each.contexts),
            each.permission,
        )
        for each in nouns.endpoints()
        if (each.method, each.path) not in left_out
    }
    assert listed == served


def test_what_is_left_out_says_so_and_why(house):
    text = " ".join(DOCUMENT.read_text().split())
    reasons = {
        (method, documented.form(path)): reason
        for reason, requests in leftout.LEFT_OUT.items()
        for method, path in requests
    }
    assert all(reason in text for reason in leftout.LEFT_OUT)
    for headers in ({}, permanent(house)):
        for each in documented.every():
            if each.who != ("left-out",):
                continue
            reason = reasons[each.method, documented.form(bare(each.path))]
            error = {"error": {"code": 501, "message": reason}}
            for target in each.targets:
                reply = house.call(each.method, target, headers=headers)
                assert (reply.status, reply.json()) == (501, error), target


def test_what_is_left_out_is_so_for_whoever_has_no_store_of_that_code(house):
    for path in ("/api/translations", "/api/NOWHERE/message"):
        assert house.call("GET", path).status == 501
    house.tenant("another")
    assert house.call("GET", "/api/message").status == 501


def test_whoever_asks_for_the_terms_is_sent_where_they_are(house):
    paths = ("/terms-conditions", "/api/settings/conditions-file")

    def asked(url):
        post(house, "/settings", {"settings": {"programConditionsUrl": url}}, permanent(house))
        return [house.call("GET", path) for path in paths]

    assert [reply.status for reply in asked("")] == [404, 404]
    for reply in asked("https://shop.example/terms.pdf?v=2"):
        assert (reply.status, reply.headers["location"]) == (
            302,
            "https://shop.example/terms.pdf?v=2",
        )
    for url in ("javascript:alert(1)", "https://x\r\nset-cookie: a=b", "terms.pdf"):
        assert [reply.status for reply in asked(url)] == [404, 404]
