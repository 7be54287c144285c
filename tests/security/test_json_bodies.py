"""Hostile bodies are refused by name through the real server, and reach no handler."""

from __future__ import annotations

import gzip
import json
import random
import zlib

import pytest

from guerdon import limits
from security import edge
from security.edge import request

JSON = b"Content-Type: application/json"


@pytest.fixture(scope="module")
def server():
    with edge.serving() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(server):
    server.seen.clear()


def post(server, body: bytes, *headers: bytes) -> edge.Reply:
    [answer] = server.send(request("/x/json", body, *(headers or (JSON,))))
    return answer


def refusal(server, body: bytes, *headers: bytes) -> tuple[int, str]:
    answer = post(server, body, *headers)
    assert server.seen == []
    return answer.status, json.loads(answer.body)["code"]


def wrapped(value: bytes) -> bytes:
    return b'{"eventType":"A","data":' + value + b"}"


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400"])
def test_numbers_that_are_none_are_400(server, number):
    assert refusal(server, wrapped(number)) == (400, "invalid_json")


@pytest.mark.parametrize(
    "body", [b'{"eventType":"A","eventType":"B"}', b'{"eventType":"A","event\\u0054ype":"B"}']
)
def test_a_key_twice_is_400(server, body):
    assert refusal(server, body) == (400, "duplicate_key")


@pytest.mark.parametrize("depth", [33, 1_500, 100_000])
def test_depth_is_400_and_the_server_lives(server, depth):
    assert refusal(server, b"[" * depth + b"]" * depth) == (400, "too_deep")
    assert post(server, b'{"eventType":"A"}').status == 200


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (b"9007199254740993", "invalid_number"),
        (b"9223372036854775808", "invalid_number"),
        (b"18446744073709551616", "invalid_number"),
        (b"-18446744073709551616", "invalid_number"),
        (b"9" * 5_000, "invalid_json"),
        (b"9" * 1_000_000, "invalid_json"),
    ],
)
def test_a_number_is_never_rounded(server, number, code):
    assert refusal(server, wrapped(number)) == (400, code)


def test_ten_megabytes_of_digits_are_not_even_read(server):
    answers = server.send(request("/x/json", b"9" * 10_000_000, JSON), then_close=False)
    assert [answer.status for answer in answers] == [413]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (wrapped(b'"\\ud800"'), "invalid_json"),
        (wrapped(b'"\\u0000"'), "invalid_string"),
        (b'{"a\\u0000b":1}', "invalid_string"),
        (wrapped(b'"\xff"'), "invalid_json"),
        (wrapped(b'"\xc0\xaf"'), "invalid_json"),
        (wrapped(b'"\0"'), "invalid_json"),
        (b"\xef\xbb\xbf" + wrapped(b"1"), "invalid_json"),
        (wrapped(b"1").decode().encode("utf-16"), "invalid_json"),
        (wrapped(b"1").decode().encode("utf-32-be"), "invalid_json"),
    ],
)
def test_text_that_is_no_text_is_400(server, body, code):
    assert refusal(server, body) == (400, code)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(b"\0" * 200_000_000), b"gzip"),
        (zlib.compress(b"\0" * 50_000_000), b"deflate"),
        (gzip.compress(b"[" + b"1," * 400_000 + b"1]"), b"gzip"),
    ],
)
def test_a_bomb_is_413(server, body, coding):
    assert refusal(server, body, JSON, b"Content-Encoding: " + coding) == (413, "too_large")


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"compress", b"gzip, gzip", b"gzip, br"])
def test_other_codings_are_415(server, coding):
    code = (415, "unsupported_encoding")
    assert refusal(server, wrapped(b"1"), JSON, b"Content-Encoding: " + coding) == code


@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
def test_an_honest_compressed_body_is_served(server, coding):
    packed = (gzip.compress if coding == b"gzip" else zlib.compress)(wrapped(b'"hello"'))
    answer = post(server, packed, JSON, b"Content-Encoding: " + coding)
    assert json.loads(answer.body)["data"] == "hello"


@pytest.mark.parametrize(
    "value",
    [
        b"{" + b",".join(b'"%d":1' % number for number in range(60_000)) + b"}",
        b'{"' + b"k" * 1_000_000 + b'":1}',
        b'"' + b"x" * 1_000_000 + b'"',
        b"[" + b",".join([b"1"] * 10_000) + b"]",
        b"[" + b",".join([b"{}"] * 10_000) + b"]",
    ],
)
def test_too_many_or_too_long_values_are_422(server, value):
    assert refusal(server, wrapped(value)) == (422, "too_large")


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: text/plain",
        b"Content-Type: application/x-www-form-urlencoded",
        b"Content-Type: application/json; charset=utf-16",
        b"Content-Type: multipart/form-data; boundary=x",
        b"X-No: content-type",
    ],
)
def test_a_body_that_does_not_call_itself_json_is_415(server, header):
    assert refusal(server, wrapped(b"1"), header) == (415, "unsupported_media_type")


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"null", b"1", b"true"])
def test_json_that_is_no_object_is_400(server, body):
    assert refusal(server, body)[0] == 400


def test_unknown_fields_are_data_and_nothing_else(server):
    body = b'{"points":999999,"tenant":"other","isAdmin":true,"__proto__":{"x":1}}'
    assert post(server, body).body == body


@pytest.mark.parametrize(
    "text",
    ["café", "cafe\u0301", "a\u200bb", "\u202eabc", "\U0001f389", "İstanbul", "ﬀ", "\ufeff"],
)
def test_text_comes_back_byte_for_byte(server, text):
    body = json.dumps({"userId": text}, ensure_ascii=False, separators=(",", ":")).encode()
    assert post(server, body).body == body


def mutated(body: bytes, chance: random.Random) -> bytes:
    """The body with a few bytes flipped, dropped, doubled or put in."""
    mutant = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(mutant) or 1)
        kind = chance.randrange(5)
        if kind == 0 and mutant:
            mutant[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del mutant[at : at + chance.randint(1, 9)]
        elif kind == 2:
            mutant[at:at] = mutant[at : at + chance.randint(1, 9)]
        elif kind == 3:
            mutant[at:at] = chance.choice(
                [b"\0", b"\xff", b'"', b"\\", b"{", b"}", b"[", b",", b":", b"1e999", b"\\ud800"]
            )
        else:
            del mutant[at:]
    return bytes(mutant)


def test_no_mutation_of_a_valid_body_is_a_defect(server):
    event = {"token": "t" * 40, "partnerUserID": "u-1", "event": "audio", "eventValue": None}
    events = [{**event, "receivedAt": "2024-08-06 15:04:05", "n": n / 8} for n in range(3)]
    body = json.dumps({"events": events}, ensure_ascii=False).encode()
    chance = random.Random(20_241_121)
    mutants = [mutated(body, chance) for _ in range(20_000)]
    statuses = set()
    for start in range(0, len(mutants), 250):
        batch = mutants[start : start + 250]
        answers = server.send(b"".join(request("/x/json", mutant, JSON) for mutant in batch))
        assert len(answers) == len(batch)
        statuses |= {answer.status for answer in answers}
    assert statuses <= {200, 400, 422}
    assert {200, 400} <= statuses


def test_what_is_stored_is_read_back_the_same(server):
    body = wrapped(b'[1.5,-0.0,9007199254740991,"\\u00e9\\n\\"",true,null,{}]')
    stored = post(server, body).body
    assert post(server, stored).body == stored
    assert json.loads(stored) == json.loads(body)
    assert len(stored) <= limits.body_bytes_max
