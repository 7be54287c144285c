"""The catalogue: names, pages, deleting and creating again."""

from __future__ import annotations

from dialects.woowup.partner import Partner, shape

NAME_REFUSED = 'Event name: only alphanumeric characters and "-" are accepted.'


def test_a_name_of_other_characters_is_refused(partner: Partner) -> None:
    texts = ["", "view-product\n", "é", "a b", "a_b", "x" * 256, "a\u0000", "%00"]
    for name in [*texts, None, 5, True, ["a"], {}]:
        status, payload, message, code = shape(partner.post("/events", {"name": name}))
        assert (status, code) == (400, "bad_request"), name
        assert payload == {"errors": [message]}
    assert partner.get("/events").json() == []


def test_the_refusal_says_what_a_name_may_be(partner: Partner) -> None:
    assert shape(partner.post("/events", {"name": "a b"}))[2] == NAME_REFUSED
    assert shape(partner.post("/events", b""))[2] == NAME_REFUSED


def test_alphanumeric_characters_and_hyphens_are_a_name(partner: Partner) -> None:
    for name in ("a", "--", "-", "0", "View-Product", "x" * 255):
        assert partner.post("/events", {"name": name}).json()["name"] == name


def test_a_second_event_of_the_same_name_is_a_duplicate(partner: Partner) -> None:
    partner.event("view-product")
    reply = partner.post("/events", {"name": "view-product"})
    assert shape(reply) == (400, [], "duplicated event", "bad_request")
    partner.event("View-Product")


def test_a_name_comes_as_json_or_as_a_form_under_any_content_type(partner: Partner) -> None:
    for at, (body, content_type) in enumerate(
        [
            (b'{"name":"e-0"}', None),
            (b'{"name":"e-1"}', "application/x-www-form-urlencoded"),
            (b' \r\n{"name":"e-2"}', "text/plain"),
            (b"name=e-3", "application/json"),
            (b"name=e-4&other=%7B%7D", None),
        ]
    ):
        headers = {"authorization": f"Basic {partner.secret}"}
        if content_type:
            headers["content-type"] = content_type
        assert partner.post("/events", body, headers=headers).json()["name"] == f"e-{at}"


NEITHER = (
    b"[]x",
    b'{"name":"a"',
    b"{'name':'a'}",
    b'{"name":"a" "b":1}',
    b'{"name":"a",,}',
    b'{name:"a"}',
    b'{"name":"a"}{"name":"b"}',
    b'"name"',
    b"null",
    b"1",
    b'["name"]',
    b'{"name":"a","name":"b"}',
    b"name=a&name=b",
    b"name=%zz",
    b"\xff\xfe{",
    b"name",
)


def test_a_body_that_is_neither_json_nor_a_form_is_a_400(partner: Partner) -> None:
    for body in NEITHER:
        status, payload, message, code = shape(partner.post("/events", body))
        assert (status, code) == (400, "bad_request"), body
        assert payload == {"errors": [message]}
    assert partner.get("/events").json() == []


def test_pages_count_from_0_and_end_in_an_empty_list(partner: Partner) -> None:
    for at in range(5):
        partner.event(f"e-{at}")

    def names(query: str) -> list[str]:
        return [one["name"] for one in partner.get(f"/events?{query}").json()]

    assert names("limit=2&page=0") == ["e-0", "e-1"]
    assert names("limit=2&page=2") == ["e-4"]
    assert names("limit=2&page=3") == []
    assert names("limit=&page=") == [f"e-{at}" for at in range(5)]
    assert names("limit=101") == [f"e-{at}" for at in range(5)]
    assert names("page=1000000") == []


NO_PAGES = (
    "limit=0",
    "limit=-1",
    "limit=1e2",
    "limit=1.0",
    "limit=%D9%A3",
    "limit=+5",
    "limit=5%0A",
    "limit=9999999999999999999999",
    "page=-1",
    "page=x",
    "page=1000001",
    "limit=1&limit=100",
    "limit=%zz",
)


def test_another_page_or_limit_is_refused(partner: Partner) -> None:
    for path in ("/events", "/user-events", "/users", "/integration-stats"):
        for query in NO_PAGES:
            status, _, _, code = shape(partner.get(f"{path}?{query}"))
            assert (status, code) == (400, "bad_request"), (path, query)


def test_a_deleted_event_may_be_created_again_under_a_new_id(partner: Partner) -> None:
    partner.user(service_uid="u")
    first = partner.event("view-product")
    partner.user_event(event="view-product", service_uid="u", datetime="2024-01-01 00:00:00")
    assert partner.delete(f"/events/{first}").status == 200
    assert partner.get("/events").json() == []
    reply = partner.post("/user-events", {"event": "view-product", "service_uid": "u"})
    assert shape(reply) == (404, [], "event not found", "not_found")
    [kept] = partner.get("/user-events").json()["payload"]
    assert (kept["event"]["id"], kept["event"]["name"]) == (first, "view-product")
    second = partner.event("view-product")
    assert second != first
    assert partner.get("/user-events?event=view-product").json()["payload"] == []


def test_a_deleted_event_can_still_be_asked_for_by_its_name(partner: Partner) -> None:
    partner.user(service_uid="u")
    event_id = partner.event("gone")
    partner.user_event(event="gone", service_uid="u")
    partner.delete(f"/events/{event_id}")
    assert len(partner.get("/user-events?event=gone").json()["payload"]) == 1


def test_an_id_that_is_none_is_not_found(partner: Partner) -> None:
    partner.event("view-product")
    for text in ("x", "-1", "1.0", "0", "99999999999999999999", "%D9%A3", "1%0A"):
        reply = partner.delete(f"/events/{text}")
        assert shape(reply) == (404, [], "event not found", "not_found"), text
