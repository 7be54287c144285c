"""A request that names somebody is found however it was written, and no other is."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from guerdon.engine.traces import mentions

WORDS = [["Żółw@Example.com"], ["1000"], ["Ann", "Lee"]]
EMAIL = WORDS[0][0]
ENCODED = base64.b64encode(EMAIL.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        f'{{"email": "{EMAIL}"}}',
        json.dumps({"email": EMAIL}),
        json.dumps({"email": EMAIL}).upper().replace("\\U", "\\u"),
        f"email={quote(EMAIL)}&x=1",
        f"/apiv3/users/{ENCODED}/points",
        f"/apiv3/users/{ENCODED.rstrip('=')}",
        '{"userId":"1000"}',
        "userId=1000",
        f"/users/{base64.b64encode(b'1000').decode()}",
        '{"first":"ann","last":"LEE"}',
        "Lee,Ann",
    ],
)
def test_whoever_is_named_is_found(text: str) -> None:
    assert mentions(text.encode(), words=WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"userId":"10001","total":21000}',
        '{"first":"Ann"}',
        "\\u00e9\\uzzzz",
        "żółw@example.org",
    ],
)
def test_nobody_else_is(text: str) -> None:
    assert not mentions(text.encode(), words=WORDS)
    assert not mentions(b"\xff\x00" + text.encode(), words=WORDS)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("before", [b"", b"x", b'--b\r\nname="f"\r\n\r\n'])
@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"email": EMAIL}),
        json.dumps({"email": EMAIL}, ensure_ascii=False),
        f"<email>{EMAIL}</email>",
        f"email={quote(EMAIL)}&x=1",
        '{"userId":"1000"}',
        "Lee,Ann",
        ENCODED,
    ],
)
def test_wide_letters_name_somebody_as_well(encoding: str, before: bytes, text: str) -> None:
    assert mentions(before + text.encode(encoding), words=WORDS)
    assert not mentions(before + text.encode(encoding), words=[["else@example.com"], ["Ann", "Li"]])


@pytest.mark.parametrize("encoding", ["iso8859-2", "cp1250"])
def test_letters_of_before_unicode_name_somebody_as_well(encoding: str) -> None:
    assert mentions(f'{{"email":"{EMAIL}"}}'.encode(encoding), words=WORDS)
    assert mentions("müller, ann".encode("iso8859-1"), words=[["Ann", "Müller"]])


def test_a_reference_of_xml_names_somebody_as_well() -> None:
    written = EMAIL.replace("@", "&#64;").replace("Ż", "&#x17b;")
    assert mentions(f"<email>{written}</email>".encode(), words=WORDS)


def test_a_name_may_be_in_two_places() -> None:
    assert mentions(b"/users/ann", '{"last":"Lee"}'.encode("utf-16"), words=WORDS)
