"""An answer's length is its body's, and each error has one status."""

from __future__ import annotations

import asyncio
import json

import pytest

from guerdon import errors
from guerdon.web import answers
from guerdon.web.answers import Answer


def sent(answer: Answer) -> list[dict]:
    messages = []

    async def send(message):
        messages.append(message)

    asyncio.run(answers.send_answer(send, answer))
    return messages


def test_content_length_is_the_body_s():
    start, body = sent(Answer(200, answers.TEXT, "é".encode()))
    assert start["headers"] == [*answers.TEXT, (b"content-length", b"2")]
    assert body["body"] == "é".encode()


def test_an_empty_answer_says_that_it_is_empty():
    assert sent(Answer(404))[0]["headers"] == [(b"content-length", b"0")]


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body_has_no_length(status):
    assert sent(Answer(status))[0]["headers"] == []


def test_more_headers_make_another_answer():
    first = Answer(200, answers.JSON, b"{}")
    second = first.with_headers((b"x-repaired", b"trailing_comma"))
    assert len(first.headers) == 1
    assert second.headers[-1] == (b"x-repaired", b"trailing_comma")
    assert second.body == b"{}"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Refused(), 400),
        (errors.Refused(code="invalid_json"), 400),
        (errors.Refused(code="too_large"), 422),
        (errors.Refused(code="body_timeout"), 408),
        (errors.Refused(code="unsupported_encoding"), 415),
        (errors.Refused(code="too_many_requests"), 429),
        (errors.TooLarge(), 413),
        (errors.NotFound(code="user_not_found"), 404),
        (errors.Unauthenticated(), 401),
        (errors.Forbidden(), 403),
        (errors.Duplicate(), 409),
        (errors.KeyReused(), 422),
        (errors.StoreFull(), 503),
        (errors.OutcomeUnknown(), 503),
        (errors.Misconfigured(), 500),
    ],
)
def test_every_error_has_a_status(error, status):
    assert answers.status_of(error) == status


def test_a_problem_names_code_field_and_index():
    answer = answers.problem_of(errors.Refused("No such type.", field="eventType", index=3))
    assert answer.headers[0] == (b"content-type", b"application/problem+json")
    assert json.loads(answer.body) == {
        "type": "about:blank",
        "title": "Bad request",
        "status": 400,
        "code": "invalid",
        "detail": "No such type.",
        "field": "eventType",
        "index": 3,
    }


def test_a_503_problem_says_when_to_come_back():
    headers = dict(answers.problem_of(errors.StoreBusy()).headers)
    assert headers[b"retry-after"] == b"1"


@pytest.mark.parametrize(("seconds", "value"), [(0, b"1"), (-5, b"1"), (30, b"30")])
def test_retry_after_is_at_least_one_whole_second(seconds, value):
    assert answers.retry_header(seconds) == (b"retry-after", value)
