"""What a sender of activities remembers: who an identity is and what a type's id is.

Looking names up is most of what storing an activity costs the one committer, and the answer is
nearly always the same. So each HTTP worker remembers it and sends numbers instead of names, with
the version of the tenant's head under which it learnt them. What the committer does not vouch for,
since a name that counts is nobody's yet, is not remembered. When a name stops being true the
version moves on, the committer refuses what was learnt before, and the worker asks in full.
"""

from __future__ import annotations

from guerdon.engine.commands import Append, Identity, Ingest, Ingested

_ENTRIES_MAX = 500_000
_Who = tuple[Identity, ...]


class Names:
    """One worker's memory of one tenant's names, as one dialect reads them."""

    __slots__ = ("members", "types", "version")

    def __init__(self, version: int) -> None:
        self.version = version
        self.members: dict[_Who, int] = {}
        self.types: dict[str, int] = {}


class Memory:
    """All names a worker remembers."""

    def __init__(self) -> None:
        self._names: dict[tuple[int, str], Names] = {}

    def append(self, command: Ingest) -> Append | None:
        """The command without names, when all of them are remembered."""
        names = self._names.get((command.tenant_id, command.dialect))
        if names is None:
            return None
        who, types = names.members, names.types
        try:
            rows = tuple(
                [
                    (types[item.type], who[item.identities], item.occurred_at, item.data)
                    for item in command.items
                    if not item.bind and item.event_id is None
                ]
            )
        except KeyError:
            return None
        if len(rows) != len(command.items):
            return None
        return Append(
            command.tenant_id,
            command.key_id,
            names.version,
            rows,
            command.replay,
            command.refuse_replay,
        )

    def learn(self, command: Ingest, answer: Ingested) -> None:
        """Remember what the committer says the names stood for."""
        named = answer.names
        if named is None:
            return
        place = (command.tenant_id, command.dialect)
        names = self._names.get(place)
        if names is None or names.version != named.version or len(names.members) > _ENTRIES_MAX:
            names = self._names[place] = Names(named.version)
        for item, number, type_id in zip(command.items, named.numbers, named.type_ids, strict=True):
            if number:
                names.members[item.identities] = number
            names.types[item.type] = type_id

    def forget(self, command: Ingest) -> None:
        """What was remembered for such a command is no longer true."""
        self._names.pop((command.tenant_id, command.dialect), None)
