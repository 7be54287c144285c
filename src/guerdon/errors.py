"""Every error Guerdon raises on purpose, as one tree.

* GuerdonError
  * Refused            - the request is wrong; nothing was stored. Has a code and a field.
    * NotFound         - the thing named does not exist (in this tenant).
    * Unauthenticated  - no valid credential.
    * Forbidden        - a valid credential that may not do this.
    * Duplicate        - the same thing was accepted before; carries the first answer.
    * KeyReused        - an idempotency key came back with another body.
    * TooLarge         - a body, batch or field above its bound.
    * InvalidForm      - fields of a form are wrong; says which, and what is wrong with each.
    * Throttled        - too many requests, or too many wrong keys; says when to come back.
  * Disconnected       - the sender went away before the request was whole; nobody can be answered.
  * StoreError         - the store could not do it; the request may be right.
    * StoreFull        - no space; nothing was written.
    * StoreBusy        - somebody else holds the store; try again.
    * StoreReadOnly    - the database accepts no writes now.
    * StoreUnavailable - the database cannot be reached.
    * OutcomeUnknown   - the failure came at COMMIT or after it: ask again with the same key.
      * NotListed      - the commit holds, and what belongs beside the database is not there yet.
    * Conflict         - a unique key exists already.
  * Unsafe             - the storage would not keep the promises; Guerdon does not start.
  * Locked             - another process holds this store.
  * Misconfigured      - a setting is missing or wrong.
  * Stale              - what was remembered is no longer true; ask with full names.
  * Defect             - Guerdon itself is wrong; logged with its cause.

A class's docstring is its default message, so the two cannot drift apart.
Source: design decision "one tree"; the habit is httpx's and procrastinate's.
"""

from __future__ import annotations

from typing import Any


class GuerdonError(Exception):
    """Something went wrong."""

    code = "error"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(self.message)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (_rebuild, (type(self), self.__dict__))


def _rebuild(kind: type[GuerdonError], fields: dict[str, object]) -> GuerdonError:
    error = kind.__new__(kind)
    Exception.__init__(error, fields["message"])
    error.__dict__.update(fields)
    return error


class Refused(GuerdonError):
    """The request was refused."""

    code = "invalid"

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        field: str | None = None,
        index: int | None = None,
    ) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.field = field
        self.index = index


class NotFound(Refused):
    """Not found."""

    code = "not_found"


class Unauthenticated(Refused):
    """Authentication is required."""

    code = "unauthenticated"


class Forbidden(Refused):
    """This credential may not do that."""

    code = "forbidden"


class Duplicate(Refused):
    """The same thing was accepted before."""

    code = "duplicate"


class KeyReused(Refused):
    """The idempotency key was used before with another body."""

    code = "idempotency_key_reused"


class TooLarge(Refused):
    """The request is larger than allowed."""

    code = "too_large"


class InvalidForm(Refused):
    """The form is not valid."""

    code = "invalid_form"

    def __init__(self, tree: dict[str, Any], messages: list[str]) -> None:
        """Each field's `errors` or `children` by its name, and the whole form's messages."""
        super().__init__()
        self.tree = tree
        self.messages = messages


class Throttled(Refused):
    """Too many requests; come back later."""

    code = "too_many_requests"

    def __init__(self, retry_seconds: int) -> None:
        super().__init__()
        self.retry_seconds = retry_seconds


class Disconnected(GuerdonError):
    """The sender went away before the request was whole."""

    code = "disconnected"


class StoreError(GuerdonError):
    """The store could not do it."""

    code = "store_error"

    def without_particulars(self) -> StoreError:
        """The same for whoever asked: the database's own words name its address, roles and files.

        Source: OWASP ASVS 5.0, 16.5.1.
        """
        return type(self)()


class StoreFull(StoreError):
    """The store has no space left; nothing was written."""

    code = "store_full"


class StoreBusy(StoreError):
    """The store is busy; try again."""

    code = "store_busy"


class StoreReadOnly(StoreError):
    """The store accepts no writes at the moment."""

    code = "store_read_only"


class StoreUnavailable(StoreError):
    """The store cannot be reached."""

    code = "store_unavailable"


class OutcomeUnknown(StoreError):
    """The store failed while committing: the outcome is unknown; ask again with the same key."""

    code = "outcome_unknown"


class NotListed(OutcomeUnknown):
    """Forgotten in the database, but not yet in the list beside it; ask again."""


class DoesNotOpen(StoreError):
    """What is sealed does not open: it was tampered with, or its key is a later one."""

    code = "does_not_open"


class Conflict(StoreError):
    """That key exists already."""

    code = "conflict"


class Unsafe(GuerdonError):
    """This storage would not keep the promises."""

    code = "unsafe_storage"


class Locked(GuerdonError):
    """Another process holds this store."""

    code = "locked"


class Misconfigured(GuerdonError):
    """A setting is missing or wrong."""

    code = "misconfigured"


class Defect(GuerdonError):
    """Something went wrong inside Guerdon."""

    code = "defect"


class Stale(GuerdonError):
    """What was remembered is no longer true."""

    code = "stale"
