"""The page's own samples, as the tools they are written for put them on the wire.

curl keeps the line breaks around the object; fetch (Node 20), Guzzle 7 and `request` send the same
57 bytes under different headers.
"""

from __future__ import annotations

PATH = "/reward/demo/api/user_event"
BODY = b'{"eventType":"ORDER_PLACED","userId":"42bede01c83fa3947"}'
CURL_BODY = b'\n{\n  "eventType": "ORDER_PLACED",\n  "userId": "42bede01c83fa3947"\n}\n'


def headers(key: str) -> dict[str, str]:
    """What every sample names."""
    return {"X-API-KEY": key, "accept": "text/plain", "content-type": "application/json"}


def curl(key: str) -> tuple[list[tuple[str, str]], bytes]:
    return [
        ("User-Agent", "curl/8.5.0"),
        ("X-API-KEY", key),
        ("accept", "text/plain"),
        ("content-type", "application/json"),
        ("Content-Length", "68"),
    ], CURL_BODY


def fetch(key: str) -> tuple[list[tuple[str, str]], bytes]:
    return [
        ("connection", "keep-alive"),
        ("accept", "text/plain"),
        ("content-type", "application/json"),
        ("X-API-KEY", key),
        ("accept-language", "*"),
        ("sec-fetch-mode", "cors"),
        ("user-agent", "node"),
        ("accept-encoding", "gzip, deflate"),
        ("content-length", "57"),
    ], BODY


def guzzle(key: str) -> tuple[list[tuple[str, str]], bytes]:
    return [
        ("User-Agent", "GuzzleHttp/7"),
        ("X-API-KEY", key),
        ("accept", "text/plain"),
        ("content-type", "application/json"),
        ("Content-Length", "57"),
    ], BODY


def request(key: str) -> tuple[list[tuple[str, str]], bytes]:
    return [
        ("accept", "text/plain"),
        ("content-type", "application/json"),
        ("X-API-KEY", key),
        ("content-length", "57"),
        ("Connection", "close"),
    ], BODY
