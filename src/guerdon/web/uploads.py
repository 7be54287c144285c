"""Multipart bodies: fields and files, read by `multipart` and bounded by us.

Errors: Refused `invalid_multipart` - no boundary, or not what RFC 7578 describes.
        TooLarge - more parts, or larger ones, than allowed.
Source: RFC 7578; RFC 2046 5.1.1.
Cost:   the body is in memory once more; it was bounded when it was read.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from guerdon import errors, limits

MEDIA_TYPE = "multipart/form-data"


class File(msgspec.Struct, frozen=True):
    """A file that came with a form. Its name and media type are what the sender says they are."""

    name: str
    media_type: str
    content: bytes


class Upload(msgspec.Struct, frozen=True):
    """A multipart body: text fields in order, and files by the names of their fields."""

    fields: list[tuple[str, str]]
    files: dict[str, File]


def read(headers: Mapping[bytes, bytes], body: bytes) -> Upload:
    """The parts of a multipart body."""
    _, options = parse_options_header(headers.get(b"content-type", b"").decode("latin-1"))
    boundary = options.get("boundary", "")
    if not 0 < len(boundary) <= limits.multipart_boundary_chars_max:
        raise _invalid()
    upload = Upload([], {})
    try:
        _collect(upload, boundary, body)
    except ParserLimitReached as reached:
        raise errors.TooLarge(f"More than {limits.upload_parts_max} parts.") from reached
    except (MultipartError, UnicodeError) as wrong:
        raise _invalid() from wrong
    return upload


def _collect(upload: Upload, boundary: str, body: bytes) -> None:
    segment: MultipartSegment | None = None
    content = bytearray()
    with PushMultipartParser(
        boundary, max_segment_count=limits.upload_parts_max, strict=True
    ) as parser:
        for event in parser.parse(body):
            if isinstance(event, MultipartSegment):
                segment = event
                content.clear()
            elif event:
                content += event
            elif segment is not None:
                _add(upload, segment, bytes(content))


def _add(upload: Upload, segment: MultipartSegment, content: bytes) -> None:
    name = segment.name
    if not name or "\0" in name:
        raise _invalid()
    if segment.filename is not None:
        if name in upload.files:
            raise errors.Refused("A file is given twice.", code="duplicate_parameter", field=name)
        filename = segment.filename[: limits.form_text_chars_max]
        upload.files[name] = File(filename, segment.content_type or "", content)
        return
    text = content.decode()
    if "\0" in text:
        raise _invalid()
    if len(text) > limits.string_chars_max:
        message = f"A parameter is longer than {limits.string_chars_max} characters."
        raise errors.TooLarge(message)
    upload.fields.append((name, text))


def _invalid() -> errors.Refused:
    return errors.Refused("The multipart body is malformed.", code="invalid_multipart")
