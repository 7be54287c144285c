"""The usual service: FastAPI, Pydantic, SQLAlchemy (async, asyncpg), PostgreSQL.

Written as its documentation recommends and with nothing left slow on purpose: a connection pool,
indexed look-ups, one bulk insert for a batch, one durable commit a request. It does what Guerdon's
two ingest routes do: the key is looked up, the address is checked (batches), the members are looked
up, the events are stored, and the answer leaves after the commit.

`prepare(address)` makes tables, keys and members; uvicorn serves `app` with `TYPICAL_DATABASE_URL`.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ForeignKey, Index, Row, String, insert, select, text
from sqlalchemy.dialects.postgresql import INET, JSONB, TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.bodies import Member

connections_per_worker = 16  # two workers stay well below PostgreSQL's default of 100


class Base(DeclarativeBase):
    """The tables."""


class Partner(Base):
    """A partner and its key."""

    __tablename__ = "partner"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    allow_ip: Mapped[str] = mapped_column(INET)


class User(Base):
    """A member of a partner's programme."""

    __tablename__ = "member"
    __table_args__ = (
        Index("member_by_external", "partner_id", "external_id", unique=True),
        Index("member_by_token", "partner_id", "token", unique=True),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partner.id"))
    external_id: Mapped[str] = mapped_column(String(255))
    token: Mapped[str] = mapped_column(String(2048))


class Event(Base):
    """What a member did."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    partner_id: Mapped[int] = mapped_column()
    member_id: Mapped[int] = mapped_column()
    type: Mapped[str] = mapped_column(String(128))
    occurred_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    recorded_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


class UserEvent(BaseModel):
    """A Conscent event: any further field is data."""

    model_config = ConfigDict(extra="allow")
    eventType: str = Field(min_length=1, max_length=128)  # noqa: N815 - the wire's name
    userId: str = Field(min_length=1, max_length=255)  # noqa: N815


class PartnerEvent(BaseModel):
    """A Meditopia event."""

    token: str = Field(max_length=2048)
    partnerUserID: str = Field(max_length=255)  # noqa: N815
    event: Literal["register", "signin", "audio", "video", "content"]
    eventValue: str | None = None  # noqa: N815
    receivedAt: datetime  # noqa: N815


class PartnerEvents(BaseModel):
    """Up to a hundred Meditopia events."""

    events: list[PartnerEvent] = Field(min_length=1, max_length=100)


def make_sessions(address: str) -> async_sessionmaker[AsyncSession]:
    """Sessions on a pool; prepared statements are cached by asyncpg."""
    engine = create_async_engine(
        address.replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=connections_per_worker,
        max_overflow=0,
        connect_args={"server_settings": {"jit": "off", "random_page_cost": "1.1"}},
    )
    return async_sessionmaker(engine, expire_on_commit=False)


sessions = make_sessions(os.environ.get("TYPICAL_DATABASE_URL", "postgresql://localhost/typical"))
app = FastAPI()


async def session() -> AsyncIterator[AsyncSession]:
    """A session for one request."""
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


async def partner_of_key(db: AsyncSession, key: str) -> Row[int, str, str]:
    """The id, code and allowlist of the partner whose key this is."""
    key_hash = hashlib.sha256(key.encode()).hexdigest()
    question = select(Partner.id, Partner.code, Partner.allow_ip)
    found = (await db.execute(question.where(Partner.key_hash == key_hash))).one_or_none()
    if found is None:
        raise HTTPException(401)
    return found


@app.post("/reward/{code}/api/user_event")
async def user_event(
    code: str, event: UserEvent, db: Session, x_api_key: Annotated[str, Header()]
) -> dict[str, Any]:
    """Store one event of one member."""
    partner = await partner_of_key(db, x_api_key)
    if partner.code != code:
        raise HTTPException(401)
    member = await db.scalar(
        select(User.id).where(User.partner_id == partner.id, User.external_id == event.userId)
    )
    if member is None:
        raise HTTPException(404)
    now = datetime.now(UTC)
    stored = Event(
        partner_id=partner.id,
        member_id=member,
        type=event.eventType,
        occurred_at=now,
        recorded_at=now,
        data=event.model_extra or {},
    )
    db.add(stored)
    await db.commit()
    return {"success": True, "eventId": str(stored.id)}


@app.post("/default/v1/events", status_code=204)
async def events(
    batch: PartnerEvents, request: Request, db: Session, authorization: Annotated[str, Header()]
) -> Response:
    """Store all events of the batch, or none."""
    partner = await partner_of_key(db, authorization.removeprefix("Bearer "))
    if request.client is None or not allowed(request.client.host, str(partner.allow_ip)):
        raise HTTPException(401)
    found = await members_of(db, partner.id, [event.token for event in batch.events])
    now = datetime.now(UTC)
    rows = []
    for event in batch.events:
        member = found.get((event.token, event.partnerUserID))
        if member is None:
            raise HTTPException(404)
        rows.append(
            {
                "partner_id": partner.id,
                "member_id": member,
                "type": event.event,
                "occurred_at": event.receivedAt.replace(tzinfo=UTC),
                "recorded_at": now,
                "data": {"event_value": event.eventValue},
            }
        )
    await db.execute(insert(Event), rows)
    await db.commit()
    return Response(status_code=204)


async def members_of(
    db: AsyncSession, partner_id: int, tokens: Sequence[str]
) -> dict[tuple[str, str], int]:
    """The members with these tokens, by (token, external id): one query."""
    found = await db.execute(
        select(User.token, User.external_id, User.id).where(
            User.partner_id == partner_id, User.token.in_(set(tokens))
        )
    )
    return {(token, external): member for token, external, member in found}


def allowed(address: str, network: str) -> bool:
    """Whether the address is in the partner's allowlist."""
    return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)


def prepare(address: str, *, code: str, key: str, members: Sequence[Member]) -> None:
    """Make the tables, one partner and its members."""
    asyncio.run(prepare_async(address, code, key, members))


async def prepare_async(address: str, code: str, key: str, members: Sequence[Member]) -> None:
    """See `prepare`."""
    made = make_sessions(address)
    async with made() as db:
        connection = await db.connection()
        await connection.run_sync(Base.metadata.create_all)
        key_hash = hashlib.sha256(key.encode()).hexdigest()
        partner = Partner(code=code, key_hash=key_hash, allow_ip="127.0.0.0/8")
        db.add(partner)
        await db.flush()
        await db.execute(
            insert(User),
            [
                {"partner_id": partner.id, "external_id": each.external, "token": each.token}
                for each in members
            ],
        )
        await db.commit()
        await db.execute(text("ANALYZE"))
        await db.commit()
    await made.kw["bind"].dispose()
