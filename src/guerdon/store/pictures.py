"""Questions about the pictures of what a programme shows."""

from __future__ import annotations

import msgspec

from guerdon.store.port import Rows


class Picture(msgspec.Struct, frozen=True):
    """A picture without its content.

    owner_id: whose it is; `place` what it is for.
    path:     what it is called in answers.
    """

    owner_id: str
    place: str
    picture_id: str
    path: str
    original_name: str
    mime: str

    @property
    def is_photo(self) -> bool:
        """Whether it is one of several, and not for a place that has one picture."""
        return self.place == self.picture_id


def of_kind(rows: Rows, tenant_id: int, kind: str) -> dict[str, list[Picture]]:
    """The pictures of everything of a kind, by whose they are; those without any are missing."""
    found: dict[str, list[Picture]] = {}
    for row in rows.all("pictures_of_kind", tenant_id=tenant_id, kind=kind):
        found.setdefault(row[0], []).append(Picture(*row))
    return found


def of(rows: Rows, tenant_id: int, kind: str, owner_id: str) -> list[Picture]:
    """The pictures of one thing."""
    found = rows.all("pictures_of", tenant_id=tenant_id, kind=kind, owner_id=owner_id)
    return [Picture(*row) for row in found]


def content(
    rows: Rows, tenant_id: int, kind: str, owner_id: str, place: str
) -> tuple[str, bytes] | None:
    """A picture's media type and bytes; None where there is none."""
    row = rows.one(
        "picture_content", tenant_id=tenant_id, kind=kind, owner_id=owner_id, place=place
    )
    return (row[0], bytes(row[1])) if row else None
