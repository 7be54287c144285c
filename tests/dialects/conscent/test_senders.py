from __future__ import annotations

from dialects.conscent import samples


def test_every_wrong_sender_gets_one_and_the_same_answer(house) -> None:
    key = house.key("conscent")
    other = house.key("conscent", tenant_id=house.tenant("other"))
    guarded = house.key("conscent", allow_ip=("192.0.2.0/24",))
    right = samples.headers(key)
    nobody = {name: value for name, value in right.items() if name != "X-API-KEY"}
    cases = [
        (samples.PATH, nobody),
        (samples.PATH, {**right, "X-API-KEY": ""}),
        (samples.PATH, {**right, "X-API-KEY": "wrong"}),
        (samples.PATH, {**right, "X-API-KEY": key[:-1]}),
        (samples.PATH, {**right, "X-API-KEY": key + "a"}),
        (samples.PATH, {**right, "X-API-KEY": house.key("woowup")}),
        (samples.PATH, {**right, "X-API-KEY": other}),
        (samples.PATH, {**right, "X-API-KEY": guarded}),
        (samples.PATH, {**nobody, "authorization": f"Bearer {key}"}),
        ("/reward/other/api/user_event", right),
        ("/reward/nobody/api/user_event", right),
        ("/reward/DEMO/api/user_event", right),
    ]
    answers = set()
    for path, headers in cases:
        reply = house.call("POST", path, headers=headers, body=samples.BODY)
        assert reply.status == 401, (path, headers)
        answers.add(reply.body)
    twice = [*right.items(), ("X-API-KEY", key)]
    answers.add(house.call("POST", samples.PATH, headers=twice, body=samples.BODY).body)
    assert len(answers) == 1
    assert not house.activities()
    assert not house.outcomes()


def test_white_space_behind_a_key_is_no_part_of_it(house) -> None:
    headers = {**samples.headers(house.key("conscent")), "X-API-KEY": house.key("conscent") + " \t"}
    assert house.call("POST", samples.PATH, headers=headers, body=samples.BODY).status == 200


def test_a_key_writes_to_its_own_tenant_only(house) -> None:
    other = house.tenant("other")
    headers = samples.headers(house.key("conscent", tenant_id=other))
    path = "/reward/other/api/user_event"
    assert house.call("POST", path, headers=headers, body=samples.BODY).status == 200
    assert house.call("POST", path, headers=headers, body=b"{").status == 400
    assert (house.activities(), house.outcomes()) == ([], [])
    assert (len(house.activities(other)), len(house.outcomes(other))) == (1, 1)


def test_the_allowlist_of_a_key_holds(house) -> None:
    headers = samples.headers(house.key("conscent", allow_ip=("192.0.2.0/24", "2001:db8::1")))
    for peer, status in (
        ("192.0.2.7", 200),
        ("192.0.2.7", 200),
        ("::ffff:192.0.2.7", 200),
        ("2001:db8::1", 200),
        ("198.51.100.1", 401),
        ("garbage", 401),
        ("192.0.2.8", 200),
    ):
        reply = house.call("POST", samples.PATH, headers=headers, body=samples.BODY, peer=peer)
        assert reply.status == status, peer


def test_too_many_requests_are_told_when_to_come_back(house) -> None:
    house.setting("rate_limit.per_minute", 2)
    headers = samples.headers(house.key("conscent"))
    other = samples.headers(house.key("conscent"))
    replies = []
    # A minute may end in between, which lets one more in.
    while len(replies) < 5 and (not replies or replies[-1].status == 200):
        replies.append(house.call("POST", samples.PATH, headers=headers, body=samples.BODY))
    assert [reply.status for reply in replies[:2]] == [200, 200]
    assert replies[-1].status == 429
    assert replies[-1].json()["error"] == "too_many_requests"
    assert int(replies[-1].headers["retry-after"]) >= 1
    assert house.call("POST", samples.PATH, headers=other, body=samples.BODY).status == 200
    assert len(house.activities()) == len(replies)


def test_guessing_keys_is_slowed_down_and_a_right_key_is_not(house) -> None:
    right = samples.headers(house.key("conscent"))
    wrong = {**right, "X-API-KEY": "guess"}
    statuses = []
    # A minute may end in between, which lets a few more in.
    while len(statuses) < 205 and (not statuses or statuses[-1] == 401):
        reply = house.call("POST", samples.PATH, headers=wrong, body=samples.BODY)
        statuses.append(reply.status)
    assert len(statuses) > 100
    assert statuses[-1] == 429
    assert house.call("POST", samples.PATH, headers=right, body=samples.BODY).status == 200
    wrong = {**right, "X-API-KEY": "guess"}
    reply = house.call("POST", samples.PATH, headers=wrong, body=samples.BODY, peer="198.51.100.77")
    assert reply.status == 401
