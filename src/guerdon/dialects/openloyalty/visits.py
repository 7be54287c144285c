"""A visit: one request whose caller is known, and the ways to answer it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from guerdon import limits
from guerdon.clock import to_local
from guerdon.dialects.openloyalty import lists, refusals
from guerdon.dialects.openloyalty.forms import Form
from guerdon.dialects.openloyalty.lists import Page
from guerdon.dialects.openloyalty.logins import Logins
from guerdon.dialects.openloyalty.people import Caller
from guerdon.dialects.openloyalty.programmes import Programme
from guerdon.domain import moments
from guerdon.engine import once
from guerdon.engine.commands import Command, ReplayKey
from guerdon.engine.commands.once import Answered
from guerdon.engine.engine import Engine
from guerdon.errors import Refused
from guerdon.store.port import Rows
from guerdon.web import answers, body, form, idempotency, strictjson, uploads
from guerdon.web.answers import Answer
from guerdon.web.request import Request
from guerdon.web.uploads import File

T = TypeVar("T")
_FORM = "application/x-www-form-urlencoded"


class Visit:
    """What a handler has in its hands. `now` is microseconds; `settings` are the tenant's, to read.

    `logins` is for what concerns passwords: `attempt`, `is_password`, `hashed`.
    """

    def __init__(
        self,
        engine: Engine,
        request: Request,
        caller: Caller,
        store_code: str,
        programme: Programme,
        logins: Logins,
    ) -> None:
        self.engine = engine
        self.logins = logins
        self.request = request
        self.caller = caller
        self.tenant_id = caller.tenant_id
        self.key_id = caller.key_id
        self.actor = caller.actor
        self.issuer = caller.issuer
        self.store_code = store_code
        self.programme = programme
        self.settings = programme.settings
        self.params: Mapping[str, str] = request.params
        self.timezone = ZoneInfo(self.settings["programme.timezone"])
        self.now = engine.clock.now()
        self.query = form.query_nested(request.scope)
        self._files: dict[str, File] = {}
        self._body = b""
        self._executed = 0
        self.is_replayed = False

    # --- asking the engine --------------------------------------------------------------------

    def read(self, question: Callable[[Rows], T]) -> Awaitable[T]:
        """The answer to a question over one consistent view."""
        return self.engine.read(question)

    def read_long(self, question: Callable[[Rows], T]) -> Awaitable[T]:
        """The same for a question that takes its time."""
        return self.engine.read_long(question)

    async def execute(self, command: Command) -> Any:
        """Change something; the command's answer, once it is durable.

        With an `Idempotency-Key` it is changed once, and answered alike each time.
        """
        replay = self._replay_key()
        if replay is None:
            return await self.engine.execute(command)
        answered: Answered = await self.engine.execute(once.order(command, replay))
        self.is_replayed = self.is_replayed or answered.is_replayed
        return once.answer_to(command, answered)

    # --- what was asked -----------------------------------------------------------------------

    async def form(
        self,
        root: str,
        *,
        bytes_max: int = 0,
        values_max: int = limits.json_keys_max,
        rows: str = "",
    ) -> Form:
        """The body's form under a root ("" for none), from JSON, brackets or multipart.

        bytes_max:  0 means the usual bound, of a body with files or of one without.
        values_max: how many keys and array items JSON may have.
        rows:       a list whose rows may all have one number; see `form.rows_apart`.
        Errors: those of `body`, `form`, `strictjson` and `uploads`.
        """
        media_type, _ = body.content_type(self.request.headers)
        is_upload = media_type == uploads.MEDIA_TYPE
        usual = limits.upload_bytes_max if is_upload else limits.body_bytes_max
        raw = self._body = await self.request.body(bytes_max or usual)
        return self.form_of(raw, root, values_max=values_max, rows=rows)

    def form_of(
        self, raw: bytes, root: str, *, values_max: int = limits.json_keys_max, rows: str = ""
    ) -> Form:
        """The same of a body that is there."""
        media_type, _ = body.content_type(self.request.headers)
        whole = self._decoded(raw, media_type, values_max, rows)
        if not root:
            return Form(whole, self.timezone, self._files)
        given = whole.get(root) if isinstance(whole, dict) else None
        found = Form(given, self.timezone, self._files, root)
        if whole and not isinstance(given, dict | list) and not self._files:
            # What stands elsewhere is not read: an edit would keep everything and say it was done.
            found.fail("", f"This value should be an object named {root}.")
        return found

    def file(self, root: str, name: str = "file") -> File | None:
        """A file of the form that was read before: `avatar[file]`, or plain `avatar`."""
        return self._files.get(f"{root}[{name}]") or self._files.get(root)

    def asked(self, name: str) -> str:
        """A query parameter's text; "" when it is missing. Errors: Refused when it is a list."""
        value = self.query.get(name, "")
        if not isinstance(value, str):
            message = f"{name} must be one value."
            raise Refused(message, code="invalid_parameter", field=name)
        return value

    def asked_all(self, name: str) -> list[str]:
        """A query parameter's texts: `name=a`, or `name[]=a&name[]=b`."""
        value = self.query.get(name, [])
        found = list(value.values()) if isinstance(value, dict) else value
        found = [found] if isinstance(found, str) else found
        if not all(isinstance(each, str) for each in found):
            message = f"{name} must be a list of values."
            raise Refused(message, code="invalid_parameter", field=name)
        return [each for each in found if each]

    def asked_switch(self, name: str) -> bool | None:
        """A query parameter's yes or no; None when it is missing or empty."""
        value = self.asked(name).lower()
        if value in ("1", "true"):
            return True
        if value in ("0", "false"):
            return False
        if value:
            raise Refused(f"{name} must be 1 or 0.", code="invalid_parameter", field=name)
        return None

    def page(self, sorts: Sequence[str] = (), default: str = "") -> Page:
        """The page of a list that is asked for; see `lists`."""
        return lists.parsed(self.query, sorts, default)

    # --- answering ----------------------------------------------------------------------------

    def ok(self, value: object = None) -> Answer:
        """200 with a JSON body, or with an empty one for None."""
        if value is None:
            return Answer(200, refusals.CORS)
        return answers.json_answer(200, value, refusals.JSON)

    def listed(self, name: str, items: Sequence[object], total: int) -> Answer:
        """A page of a list, and how many there are altogether."""
        return answers.json_answer(200, {name: list(items), "total": total}, refusals.JSON)

    def sent(self, media_type: str, content: bytes, filename: str = "") -> Answer:
        """200 with something that is no JSON; with a filename it is for saving."""
        headers = [
            (b"content-type", media_type.encode("latin-1")),
            (b"x-content-type-options", b"nosniff"),
        ]
        if filename:
            disposition = f'attachment; filename="{filename}"'
            headers.append((b"content-disposition", disposition.encode("latin-1")))
        return Answer(200, (*headers, *refusals.CORS), content)

    def nothing(self) -> Answer:
        """204: done, and nothing to say."""
        return Answer(204, refusals.CORS)

    def problem(self, message: str) -> Answer:
        """400 in the words of a business error."""
        return answers.json_answer(400, {"error": message}, refusals.JSON)

    def missing(self) -> Answer:
        """404: there is no such thing in this tenant."""
        return refusals.not_found(self.request)

    def date(self, moment: int) -> str:
        """A moment as ordinary answers show it: `2018-09-13T16:37:33+0200`."""
        return moments.render_offset(to_local(moment, self.timezone))

    def _replay_key(self) -> ReplayKey | None:
        """What the next command is known by: who sends it, their key, and which of theirs it is."""
        if idempotency.HEADER not in self.request.headers:
            return None
        self._executed += 1
        caller, scope = self.caller, self.request.scope
        whose = f"openloyalty {caller.kind} {caller.id or self.key_id} {self._executed}"
        asked = b" ".join((scope["method"].encode(), scope["raw_path"], scope["query_string"]))
        return idempotency.replay_key(self.request, whose, asked + b"\n" + self._body)

    def _decoded(self, raw: bytes, media_type: str, values_max: int, rows: str) -> Any:
        headers = self.request.headers
        if not raw:
            return {}
        if media_type == _FORM:
            named = form.pairs(raw)
            return form.nested_pairs(form.rows_apart(named, rows) if rows else named)
        if media_type == uploads.MEDIA_TYPE:
            upload = uploads.read(headers, raw)
            self._files = upload.files
            return form.nested_pairs(upload.fields)
        body.require_json(headers)
        return strictjson.decode(raw, keys_max=values_max)
