"""One history that touches every noun, always the same: what it leaves behind is a store's proof.

Nothing in it is random and its clock moves by itself, so two engines, two processes and two time
zones that live it must end with the same rows. `exported` reads all of them, past our own queries.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import apsw
import msgspec
import psycopg

from conformance.stores import START, Bench, ingest
from guerdon.clock import DAY, SECOND
from guerdon.domain.purchases import Item
from guerdon.engine import commands
from guerdon.engine.commands import administrators, credentials, imports, places, standing
from guerdon.engine.commands.audit import ArchiveAudit
from guerdon.engine.commands.definitions import Define, Undefine
from guerdon.engine.commands.erasure import AnonymizeMember, DeleteMember
from guerdon.engine.commands.invitations import Invite
from guerdon.engine.commands.levels import MoveToLevel
from guerdon.engine.commands.members import EditMember, EnrolMember
from guerdon.engine.commands.pictures import RemovePicture, SetPicture
from guerdon.engine.commands.points import (
    AddPoints,
    BlockPoints,
    CancelPointsTransfer,
    ResetPoints,
    ReturnPoints,
    SpendPoints,
    TransferPoints,
)
from guerdon.engine.commands.purchases import AssignPurchase, LabelPurchase, RegisterPurchase
from guerdon.engine.commands.rewards import (
    BuyReward,
    ChangeCouponUsage,
    ChangeDeliveryStatus,
    DefineReward,
    RedeemCashback,
    ReportCashback,
    UsageChange,
)
from guerdon.engine.commands.rules import ReportEvent, SkipActivity, UseCode
from guerdon.engine.record import CLEARED
from guerdon.errors import GuerdonError
from guerdon.followers import lease
from guerdon.store import queries
from guerdon.store.activities import last_position
from guerdon.store.movements import RUN_MOVES

Content = tuple[list[str], list[Any]]
"""A table's columns and rows."""

LOGGED_IN = ["administrator", "refresh_token"]
"""Who is logged in is nothing that was decided."""

ZOE = 41
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
SHIRT = Item("SHIRT", "Shirt é", 2, 100_0000, "wear", "Açme", (("colour", "grün"),))
SHOES = Item("SHOES", "Shoes", 1, 59_9000, "wear")
BREAD = Item("BREAD", "Bread", 1, 3_3300, "food", labels=(("colour", "brown"), ("Ω", "1")))


class Story:
    """Tells a store what happens, three seconds apart, and keeps every answer."""

    levels: list[str]
    segments: list[str]
    pos_id: str
    eve: int

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.tenant_id = bench.tenant_id
        self.answers: list[Any] = []

    def do(self, *several: commands.Command) -> list[Any]:
        """Commands that share a commit; an error's code and words are its answer."""
        self.bench.clock.moment += 3 * SECOND
        given = [
            (each.code, each.message) if isinstance(each, GuerdonError) else each
            for each in self.bench.together(*several)
        ]
        self.answers += given
        return given

    def one(self, make: type[commands.Command], *values: Any, **more: Any) -> Any:
        """The answer to a command of the tenant's."""
        return self.do(make(self.tenant_id, 0, *values, **more))[0]

    def define(self, kind: str, **body: Any) -> str:
        return self.one(Define, kind, json.dumps(body), actor="admin:1").definition_id

    def next(self) -> int:
        """The position of the next activity."""
        return self.bench.ask(lambda rows: last_position(rows, self.tenant_id)) + 1

    def later(self, days: int) -> None:
        self.bench.clock.moment += days * DAY
        self.bench.settle()


def live(bench: Bench) -> list[Any]:
    """A little of everything, in one fixed order; what each command was answered."""
    story = Story(bench)
    platform(story)
    activities(story)
    people(story)
    points(story)
    rules(story)
    bought = purchases(story)
    rewards(story, *bought)
    pictures(story)
    files(story)
    deletions(story)
    erasures(story)
    story.later(40)
    story.do(ingest(2, ["somebody"]))
    story.later(1)
    under_way(story)
    return story.answers


def platform(story: Story) -> None:
    """Tenants, keys, settings, and who runs the programme where."""
    one = story.one
    story.do(commands.CreateTenant(0, 0, "b", "Ünï"), commands.CreateTenant(0, 0, "a", "taken"))
    one(commands.CreateKey, "woowup", ("10.0.0.0/8",), ("read",))
    story.do(commands.RevokeKey(0, 0, one(commands.CreateKey, "conscent").key_id))
    story.do(commands.AddSigningKey(0, 0, "kid", "public", b"sealed"))
    admin_id = one(commands.CreateAdministrator, "admin", "hash")
    one(commands.ChangeSetting, "programme.timezone", '"Europe/Madrid"')
    one(commands.ChangeSetting, "meditopia.status_secret", '"whsec_x"')
    one(commands.ChangeSetting, "no.such", "1")
    one(places.DefineStore, "SHOP", "Läden", "PLN")
    role = {"name": "r", "permissions": [{"resource": "LEVEL", "access": "VIEW"}]}
    role_id = one(administrators.DefineRole, json.dumps(role)).definition_id
    person = {"firstName": "Á", "email": "a@example.com", "external": False, "roles": [role_id]}
    made = one(administrators.DefineAdministrator, json.dumps(person), True, username="Ä")
    one(administrators.RequestAdministratorReset, made.definition_id)
    one(administrators.ChangeAdministratorPassword, made.definition_id, "other hash")
    one(commands.RecordLogin, "admin", admin_id, b"hash of a token", START + 400 * DAY)
    story.levels = [
        story.define("Level", conditionValue=value, reward={"value": share}, name=f"L{value}")
        for value, share in ((0, 0), (50, 0.05), (900, 0.1))
    ]
    wear = {"type": "bought_skus", "skuIds": ["SHIRT", "x"]}
    away = {"type": "last_purchase_n_days_before", "days": 30}
    story.segments = [
        story.define("Segment", parts=[{"criteria": [each]}]) for each in (wear, away)
    ]
    one(ArchiveAudit, "first.csv", story.bench.clock.moment - 9 * SECOND)
    one(Undefine, "Level", story.define("Level", conditionValue=7, reward={"value": 0}))


def activities(story: Story) -> None:
    """Activities of forty people: new and unknown types, sent twice, named by their sender."""
    tenant_id = story.tenant_id
    replay = commands.ReplayKey(b"key", b"content", 60)
    names = [f"member {at} ü{chr(0x1F381)}" for at in range(40)]
    again = ingest(tenant_id, names[::-1], type="Ünseen", replay=replay)
    story.do(ingest(tenant_id, names), again)
    story.do(again, ingest(99, names))
    items = tuple(
        commands.Item("seen", (("external", names[at]),), START, '{"at":1}', False, f"e{at}")
        for at in (0, 1, 0)
    )
    story.do(*[commands.Ingest(tenant_id, 0, "native", items)] * 2)


def people(story: Story) -> None:
    """Members by every way in, and what is kept of them."""
    one = story.one
    profile = '{"firstName":"Zoë","custom_attributes":{"size":42,"b":true,"a":"x"}}'
    email = (("email", "zoe@example.com"), ("card", "7"))
    assert one(commands.RegisterMember, email, profile).number == ZOE
    one(commands.RegisterMember, email, profile)
    one(commands.UpdateMember, ZOE, '{"lastName":"Ω"}', (("card", "8"),))
    one(commands.IssueMemberToken, ZOE)
    one(commands.ChangeSubscription, ZOE, "renewed", "DE", "year", START, START + 300 * DAY)
    one(commands.RecordIntegrationStat, '{"a":1}')
    one(commands.RecordOutcome, "refused", "x", "why", "woowup", "GET", "/", b"\0 eve@", 1)
    pos_id = one(places.DefinePos, '{"name":"Ω","identifier":"p1"}').definition_id
    seller = '{"firstName":"S","lastName":"É","email":"s@example.com"}'
    seller_id = one(places.DefineSeller, seller, True).definition_id
    form = {"firstName": "Eve", "lastName": "Éluard", "gender": "female", "agreement2": True}
    form |= {"address": {"city": "Łódź"}, "company": {"name": "C", "nip": "1"}}
    form |= {"birthDate": "1990-02-28", "phone": "+48500", "email": "eve@example.com"}
    where = {"pos_id": pos_id, "seller_id": seller_id, "password_hash": "argon"}
    eve = one(EnrolMember, "admin", json.dumps(form), "SHOP", **where).number
    alone = one(EnrolMember, "self", '{"firstName":"Al","email":"al@example.com"}').number
    one(EditMember, eve, '{"lastName":"E","address":{"street":"é"},"labels":[]}')
    one(EditMember, eve, '{"email":"eva@example.com"}', confirm=True)
    one(credentials.ChangeMemberPassword, ZOE, "other")
    one(credentials.RequestPasswordReset, eve)
    one(credentials.RecordMemberLogin, eve)
    one(credentials.RecordMemberLogin, alone)
    for number in (ZOE, eve):
        one(standing.SetAvatar, number, PNG, "é.png")
        one(standing.AddPushToken, number, f"device {number}")
    one(standing.AssignPos, ZOE, pos_id, "admin:1")
    one(standing.DeactivateMember, 40)
    one(MoveToLevel, 39, story.levels[2], "admin:1")
    story.pos_id, story.eve = pos_id, eve


def points(story: Story) -> None:
    """Points in every state: earned, locked, spent, owed, sent, blocked, canceled and expired."""
    one = story.one
    explain = '[{"rule":"R","points":5}]'
    one(AddPoints, ZOE, 5_00, "gift: é")
    one(SpendPoints, ZOE, 7_00)
    one(commands.ChangeSetting, "points.all_time_not_locked", "false")
    one(commands.ChangeSetting, "points.days_locked", "5")
    one(AddPoints, ZOE, 9_00, validity_days=10)
    one(AddPoints, 38, 33)
    one(commands.ChangeSetting, "points.days_locked", None)
    one(AddPoints, 1, 6_90, transaction_id="T", explain=explain)
    one(AddPoints, 1, 2_00, validity_days=3)
    one(SpendPoints, 1, 2_50)
    one(TransferPoints, 1, 2, 1_50)
    one(TransferPoints, 2, 2, 1)
    one(BlockPoints, 1, 1_00)
    one(BlockPoints, 1, 10_00)
    one(ReturnPoints, 1, 2_00, "U")
    one(ResetPoints, 2)
    one(CancelPointsTransfer, one(AddPoints, 3, 4_00).transfer_id)
    one(CancelPointsTransfer, "no such transfer")
    story.do(*(AddPoints(story.tenant_id, 0, 38, 2) for _ in range(2 * RUN_MOVES)))


def rules(story: Story) -> None:
    """Rules used by an activity, on purpose and too often; an invitation that somebody came by."""
    tenant_id, one = story.tenant_id, story.one
    limit = {"active": True, "period": "week", "limit": 2}
    always = {"allTimeActive": True, "name": "Ω"}
    greeting = {"eventName": "grüßen", "pointsAmount": 1_50, "limit": limit}
    story.define("Rule", type="custom_event", **greeting, **always)
    story.define("Rule", type="points", pointValue=1_0000, **always)
    story.define("Rule", type="qrcode", code="Q", pointsAmount=50, **always)
    both = {"eventName": "register", "rewardType": "both", "pointsAmount": 10_00}
    story.define("Rule", type="referral", **both, **always)
    names = [f"member {at} ü{chr(0x1F381)}" for at in range(2)]
    story.do(ingest(tenant_id, names, type="grüßen"))
    story.do(ingest(tenant_id, names[:1] * 2, type="grüßen"))
    story.do(ingest(tenant_id, names[1:], type="grüßen"), SkipActivity(tenant_id, 0, story.next()))
    story.do(*[ReportEvent(tenant_id, 0, 3, "grüßen")] * 3)
    one(UseCode, 4, "Q")
    one(Invite, ZOE, "guest@example.com")
    one(Invite, ZOE, "eve@example.com")
    one(Invite, story.eve, "pal@example.com")
    one(Invite, 99, "a@example.com")
    guest = '{"firstName":"Gäst","email":"bob@example.com"}'
    one(EnrolMember, "self", guest, referrer_email="zoe@example.com")


def purchases(story: Story) -> tuple[str, str]:
    """What was bought: recognised, assigned later, labelled, brought back, and nobody's."""
    one, at = story.one, story.bench.clock.moment
    buyer = '{"name":"Zoë","email":"ZOE@example.com","address":{"city":"Łódź"}}'
    labels = (("scan", "1"),)
    named = {"customer": buyer, "pos_id": story.pos_id, "labels": labels, "place": "Łódź"}
    first = one(RegisterPurchase, "d1", at, (SHIRT, BREAD), **named).purchase_id
    one(RegisterPurchase, "d1", at, (SHIRT,))
    one(RegisterPurchase, "r1", at, (BREAD,), is_return=True, revised_document="d1")
    nobody = '{"name":"Eve","email":"eve@example.com","phone":"+48500"}'
    one(commands.ChangeSetting, "purchases.identification", '["loyaltyCardNumber"]')
    later = one(RegisterPurchase, "d2", at, (SHOES,), nobody, place="x").purchase_id
    one(RegisterPurchase, "d3", at + SECOND, (BREAD,), nobody)
    one(AssignPurchase, "d2", story.eve)
    one(AssignPurchase, "d2", ZOE)
    one(LabelPurchase, (("Ω", "2"),), document_number="d2", is_added=True)
    one(RegisterPurchase, "d4", at, (SHIRT, SHOES), number=story.eve, pos_id=story.pos_id)
    story.bench.settle()
    return first, later


def rewards(story: Story, first: str, later: str) -> None:
    """Coupons from a stock, used and taken back; money for points; one that begins later."""
    one, eve = story.one, story.eve
    body = {"translations": {"en": {"name": "Ώ"}}, "unlimited": True, "limitPerUser": 9}
    codes = {**body, "reward": "gift_code", "costInPoints": 2_00, "daysValid": 3}
    gift = one(DefineReward, json.dumps(codes), codes=("a", "b", "ç", "d")).definition_id
    one(DefineReward, json.dumps(codes), gift, codes=("a", "b", "ç", "e"))
    slow = one(DefineReward, json.dumps({**codes, "daysInactive": 2}), codes=("x",)).definition_id
    cashback = {**body, "reward": "cashback", "pointValue": 2_0000}
    money = one(DefineReward, json.dumps(cashback)).definition_id
    for number in (ZOE, eve):
        one(AddPoints, number, 100_00, validity_days=90)
    one(BuyReward, eve, slow)
    one(BuyReward, eve, slow)
    bought = one(BuyReward, ZOE, gift, 2) + one(BuyReward, eve, gift)
    rows = [
        UsageChange(number, gift, each.coupon_id, each.code, True, purchase_id)
        for number, each, purchase_id in zip(
            (ZOE, ZOE, eve), bought, (first, None, later), strict=True
        )
    ]
    one(ChangeCouponUsage, (rows[0], rows[2]))
    one(ChangeCouponUsage, (msgspec.structs.replace(rows[0], used=False, transaction_id=None),))
    one(ChangeDeliveryStatus, ZOE, bought[0].coupon_id, "shipped")
    one(ChangeDeliveryStatus, ZOE, bought[1].coupon_id, "canceled")
    paid = one(RedeemCashback, ZOE, 5_00, money)
    one(ReportCashback, ZOE, paid.coupon_id, "paytm", "failed")


def pictures(story: Story) -> None:
    """What a programme shows: put, replaced, taken away, and gone with its owner."""
    one, gone = story.one, story.define("Level", conditionValue=8, reward={"value": 0})
    for level_id in (story.levels[0], gone):
        one(SetPicture, "Level", level_id, "photo", PNG, "é.png")
    one(SetPicture, "Level", story.levels[0], "photo", b"GIF89a\0\xff", "b.gif")
    one(SetPicture, "Programme", "", "", PNG, "a.png", "admin:1")
    one(SetPicture, "Programme", "", "logo", PNG, "a.png")
    one(SetPicture, "Reward", "no such reward", "", PNG, "a.png")
    one(RemovePicture, "Programme", "", "logo")
    one(RemovePicture, "Programme", "", "logo")
    one(Undefine, "Level", gone)


def files(story: Story) -> None:
    """An imported file: a row that is carried out, one that is refused, one that is no row."""
    one = story.one
    made = one(imports.StartImport, "points", hashlib.sha256(b"file").digest(), 3).import_id
    for number in (5, 99):
        one(imports.ImportRow, made, number, AddPoints(story.tenant_id, 0, number, 1_00))
    one(imports.ImportRow, made, 2, None, "not a row")
    one(imports.FinishImport, made)


def deletions(story: Story) -> None:
    """Activities in bulk, a type that is hidden, and a span of time that is taken out."""
    tenant_id, bench = story.tenant_id, story.bench
    story.do(ingest(tenant_id, [f"member 0 ü{chr(0x1F381)}"] * 4_096))
    story.do(commands.HideActivityType(tenant_id, 0, 2))
    story.do(commands.AddActivityType(tenant_id, 0, "Ünseen"))
    bench.settle()
    until = bench.clock.moment - 30 * SECOND
    story.one(commands.DeleteActivities, "seen", START, until, "a@example.com")
    bench.settle()


def erasures(story: Story) -> None:
    """One who is forgotten and one who is deleted, with purchases, coupons and invitations."""
    story.one(AnonymizeMember, story.eve, "admin:1")
    story.one(AddPoints, story.eve, 1_00)
    story.one(DeleteMember, 3, "admin:1")
    story.bench.settle()


def under_way(story: Story) -> None:
    """What is not done yet when the story ends, and what would be forgotten in a month."""
    story.one(RegisterPurchase, "d9", story.bench.clock.moment, (BREAD,), number=ZOE)
    story.one(commands.RecordOutcome, "held", "y", "é", "woowup", "GET", "/", b"{}", 2)
    replay = commands.ReplayKey(b"key", b"content", 60)
    story.do(ingest(story.tenant_id, ["somebody"], replay=replay))
    files(story)
    story.define("Segment", parts=[{"criteria": [{"type": "transaction_count", "min": 9}]}])


# --- what it leaves behind -----------------------------------------------------------------------


def tables(bench: Bench) -> list[str]:
    """Every table, in one order."""
    if bench.config.engine == "sqlite":
        text = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        return sorted(row[0] for row in bench.committer.writer._connection.execute(text))
    text = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(bench.config.database_url) as connection:
        return sorted(row[0] for row in connection.execute(text))


def exported(bench: Bench) -> dict[str, Content]:
    """All there is: each table's columns and rows, ordered by all columns from the left."""
    found = {}
    if bench.config.engine == "sqlite":
        connection = bench.committer.writer._connection
        for table in tables(bench):
            cursor = connection.execute(f"SELECT * FROM {table}")
            columns = [column[0] for column in _described(connection, table)]
            found[table] = columns, cursor.fetchall()
    else:
        with psycopg.connect(bench.config.database_url) as connection:
            for table in tables(bench):
                cursor = connection.execute(f"SELECT * FROM {table}", binary=True)
                found[table] = [column.name for column in cursor.description], cursor.fetchall()
    found.pop("schema_migration")
    return {
        table: (columns, sorted(filter(_is_history, rows), key=msgspec.msgpack.encode))
        for table, (columns, rows) in found.items()
    }


def fill(bench: Bench, rows: dict[str, Content]) -> None:
    """Put rows that were exported into a store's empty tables."""
    for table, (columns, content) in rows.items():
        target = f"{table} ({', '.join(columns)})"
        if bench.config.engine == "sqlite":
            insert = f"INSERT INTO {target} VALUES ({', '.join('?' * len(columns))})"
            bench.committer.writer._connection.executemany(insert, content)
            continue
        with psycopg.connect(bench.config.database_url) as connection:
            into = f"COPY {target} FROM STDIN".encode()
            with connection.cursor() as cursor, cursor.copy(into) as copy:
                for row in content:
                    copy.write_row(row)


def digest(content: Content) -> str:
    """A hash of one table's columns and rows."""
    return hashlib.sha256(msgspec.msgpack.encode(content)).hexdigest()


def digests(bench: Bench) -> dict[str, str]:
    """A hash of every table."""
    return {table: digest(content) for table, content in exported(bench).items()}


def make_again(bench: Bench) -> None:
    """Throw the state of every tenant away and fold its journal again."""
    for (
        tenant_id,
        *_,
    ) in bench.ask(lambda rows: rows.all("tenants")):
        bench.do(commands.RebuildState(tenant_id, 0))


def journal_heads(rows: dict[str, Content]) -> list[Any]:
    """The heads, but for what tells everybody to ask again: their time and version."""
    columns, heads = rows["head"]
    kept = [
        at for at, name in enumerate(columns) if name not in ("recorded_at", "identity_version")
    ]
    return [[head[at] for at in kept] for head in heads]


def state_tables() -> set[str]:
    """The tables that are nothing but folds of the decision journal."""
    texts = queries.load("sqlite")
    found = [re.fullmatch(r"DELETE FROM (\w+)\s+WHERE tenant_id = \S+", texts[q]) for q in CLEARED]
    return {each.group(1) for each in found if each}


def _is_history(row: Any) -> bool:
    """Who did the background work is none of it."""
    return lease.NAME not in row


def _described(connection: apsw.Connection, table: str) -> list[Any]:
    return [(row[1],) for row in connection.execute(f"PRAGMA table_info({table})")]
