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
    assert mentions(text.encode(), WORDS)


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
    assert not mentions(text.encode(), WORDS)
    assert not mentions(b"\xff\x00" + text.encode(), WORDS)
