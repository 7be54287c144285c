"""What a worker remembers of each programme it serves: settings, stores, who a member's uuid is.

All of it is true for as long as the tenant's head shows the version it was learnt under: whatever
ends one of these truths raises that version. So a request that reads anything looks at the version
first, and a command that rests on memory alone carries the version, for the committer to check.
"""

from __future__ import annotations

from typing import Any

from guerdon import limits
from guerdon.engine.directory import read_settings
from guerdon.store.port import Row, Rows

_NOTHING = 0
_VERSION = 6
_ACTIVE = 5


class Programme:
    """One tenant's settings, its stores by code (whether open), members' numbers by uuid."""

    __slots__ = ("members", "settings", "stores", "version")

    def __init__(self, version: int, settings: dict[str, Any]) -> None:
        self.version = version
        self.settings = settings
        self.stores: dict[str, bool] = {}
        self.members: dict[str, int] = {}

    def learn(self, member_id: str, number: int) -> None:
        """Remember a member who is there, and was read later than this programme."""
        if len(self.members) >= limits.members_remembered_max:
            self.members.clear()
        self.members[member_id] = number


class Programmes:
    """All programmes a worker remembers."""

    def __init__(self) -> None:
        self._known: dict[int, Programme] = {}

    def remembered(self, tenant_id: int) -> Programme | None:
        """As it was when somebody last looked; costs no question."""
        return self._known.get(tenant_id)

    def current(self, rows: Rows, tenant_id: int, store_code: str) -> Programme:
        """As this view of the store has it, with that store if there is one.

        A tenant there is not has the settings everybody begins with.
        """
        head = rows.one("head", tenant_id=tenant_id)
        version = head[_VERSION] if head else _NOTHING
        known = self._known.get(tenant_id)
        if known is None or known.version != version:
            known = Programme(version, read_settings(rows, tenant_id))
            if version:
                self._known[tenant_id] = known
        if version and store_code not in known.stores:
            store: Row | None = rows.one("store_by_code", tenant_id=tenant_id, code=store_code)
            if store is not None:
                known.stores[store_code] = bool(store[_ACTIVE])
        return known
