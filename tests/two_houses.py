"""Two services with a database each, which know the same register; what travels between them may go astray.

The buyer lives in one house and the supplier in the other. Whoever plays chooses by a function that
returns a number below another, so that a run that failed is played again from its seed.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import pathlib
import secrets
import shutil
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import msgspec

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.signing.canonical import framed
from catalog.signing.purposes import Purpose
from market.jobs import deliver_negotiations
from market.negotiations.exchange import Asked, Envelope, NoAnswer, Told
from market.negotiations.model import Reply
from market.negotiations.operations import comparing, exchanging
from market.settings import Settings
from tests.api import Api
from tests.makers_identity import Member
from tests.makers_negotiations import BASE, terms
from tests.makers_registration import OwnKey, must
from tests.makers_trade import Trade

Choose = Callable[[int], int]
MOST_ROUNDS: Final = 40


class Way:
    """The way into a house: it loses words and answers, doubles them, and brings some of them late."""

    def __init__(self, db: Database, clock: ManualClock) -> None:
        self.db = db
        self.clock = clock
        self.choose: Choose | None = None  # None: everything arrives
        self.late: list[Envelope] = []
        self.counts = {"taken": 0, "lost": 0, "unanswered": 0, "doubled": 0, "late": 0}

    async def deliver(self, envelope: Envelope) -> Reply:
        fate = 9 if self.choose is None else self.choose(10)
        if fate == 0:
            self.counts["lost"] += 1
            raise NoAnswer
        if fate == 1:
            self.late.append(envelope)
            raise NoAnswer
        reply = await self._take_in(envelope)
        if fate == 2:
            self.counts["unanswered"] += 1
            raise NoAnswer
        if fate == 3:
            self.counts["doubled"] += 1
            reply = await self._take_in(envelope)
        return reply

    async def where(self, asked: Asked) -> Told:
        async with begin(self.db, deliver_negotiations.ACTOR) as tx:
            return await exchanging.where(tx, actor=deliver_negotiations.ACTOR, asked=asked)

    async def bring_late(self) -> None:
        """Bring one of those that were kept back; nobody waits for its answer any more."""
        if self.late:
            place = 0 if self.choose is None else self.choose(len(self.late))
            await self._take_in(self.late.pop(place))
            self.counts["late"] += 1

    async def _take_in(self, envelope: Envelope) -> Reply:
        self.counts["taken"] += 1
        # As it would travel: nothing but bytes comes over.
        told = msgspec.json.decode(msgspec.json.encode(envelope), type=Envelope)
        return await deliver_negotiations.take_in(self.db, told, now=self.clock.now())


class House:
    """A service with its database, the side that lives in it, and the way to the other house."""

    def __init__(self, api: Api, db: Database, who: Member, key: OwnKey) -> None:
        self.api = api
        self.db = db
        self.who = who
        self.key = key
        self.id: str | None = None  # of its copy

    @property
    def by(self) -> Api:
        return self.api.as_(self.who.token)

    async def copy(self) -> dict[str, Any] | None:
        """Return the side's copy of what was begun last, or None if it knows of nothing."""
        if self.id is None:
            listed = must(await self.by.get(BASE, limit=1))["items"]
            return dict(listed[0]["copy"]) | {"id": listed[0]["id"]} if listed else None
        return dict(must(await self.by.get(f"{BASE}/{self.id}"))["copy"]) | {"id": self.id}

    async def say(self, what: str, **body: Any) -> int:
        """Say something; what may not be said is refused, and changes nothing."""
        return (await self.by.post(f"{BASE}/{self.id}/{what}", body)).status_code

    async def sign(self, what: str) -> int:
        """Sign the agreement as it stands here."""
        shown = await self.by.get(f"{BASE}/{self.id}/agreement")
        if shown.status_code != 200:
            return int(shown.status_code)
        document = base64.b64decode(shown.json()["document"])
        value = self.key._private.sign(framed(Purpose.CONTRACT, document))
        return await self.say(
            what,
            key_id=self.key.key_id,
            signature=base64.b64encode(value).decode(),
            algorithm=self.key.algorithm.value,
        )

    async def agreement(self, product: str) -> dict[str, Any] | None:
        """Return the newest agreement that is kept in this house."""
        items = must(await self.by.get("/api/v1/agreements", product_id=product, limit=1))["items"]
        return dict(items[0]) if items else None


class Houses:
    """Both houses, and a negotiation between them."""

    def __init__(self, trade: Trade, buyer: House, supplier: House) -> None:
        self.trade = trade
        self.buyer, self.supplier = buyer, supplier
        self.into = {
            buyer: Way(buyer.db, trade.clock),
            supplier: Way(supplier.db, trade.clock),
        }
        self.ended_for: dict[House, str] = {}
        self.said = 0

    def other(self, house: House) -> House:
        return self.supplier if house is self.buyer else self.buyer

    async def run_job(self, house: House, *, later: dt.timedelta = dt.timedelta(0)) -> int:
        """Let a house send what is due."""
        other = self.other(house)
        peers = {other.who.party.id: self.into[other]}
        now = self.trade.clock.now() + later
        return await deliver_negotiations.run(house.db, now=now, peers=peers)

    async def begin(self) -> None:
        """Let the buyer ask for terms."""
        body = {"product_id": self.trade.product_id, "terms": terms(self.trade)}
        begun = must(await self.buyer.by.post(BASE, body))
        self.buyer.id, self.supplier.id = begun["id"], None
        self.ended_for, self.said = {}, 0
        for way in self.into.values():
            way.late = []

    async def play(self, choose: Choose, steps: int) -> dict[str, Any]:
        """Begin, do so many things, let all arrive, and hold both houses against each other."""
        await self.begin()
        for way in self.into.values():
            way.choose = choose
        for _ in range(steps):
            await self._step(choose)
        return await self.settle()

    async def settle(self) -> dict[str, Any]:
        """Let everything arrive, and hold both houses against each other."""
        for way in self.into.values():
            way.choose = None
            while way.late:
                await way.bring_late()
        for turn in range(1, MOST_ROUNDS):
            sent = [
                await self.run_job(house, later=dt.timedelta(hours=turn)) for house in self.into
            ]
            if not any(sent):
                break
            for house in self.into:
                await self.compare(house)
        return await self.check()

    async def compare(self, house: House) -> str | None:
        """Compare a house's copy with where the other one stands."""
        copy = await house.copy()
        if copy is None:
            return None
        told = await self._told(house, copy)
        async with begin(house.db, house.who.actor) as tx:
            found = await comparing.compare_with(
                tx,
                actor=house.who.actor,
                now=self.trade.clock.now(),
                negotiation_id=uuid.UUID(copy["id"]),
                told=told,
            )
        assert found.verdict.value != "contradiction", (copy["state"], told)
        return found.verdict.value

    async def where(self, of: House) -> dict[str, Any]:
        """Return where a house says its copy stands, as the other side would hand it in."""
        copy = await self.other(of).copy()
        assert copy is not None
        told = await self._told(self.other(of), copy)
        return {"pid": told.pid, "state": told.state}

    async def _told(self, house: House, copy: dict[str, Any]) -> Told:
        other = self.other(house)
        return await self.into[other].where(
            Asked(
                asks=house.who.party.id,
                of=other.who.party.id,
                own_pid=copy["own_pid"],
                pid=copy["other_pid"],
            )
        )

    async def check(self) -> dict[str, Any]:
        """Assert that both agree in every respect, or that both have ended and know why."""
        one, other = await self.buyer.copy(), await self._suppliers()
        assert one is not None
        if other is None:
            assert one["state"] == "terminated", one
            return one
        assert not one["pending"], one["pending"]
        assert not other["pending"], other["pending"]
        assert one["state"] == other["state"], (one["state"], other["state"])
        if one["state"] == "terminated":
            if len(self.ended_for) == 1:
                assert {one["reason"], other["reason"]} == set(self.ended_for.values())
            return one
        for same in ("offer", "offered_by", "agreement", "document", "consumer_signature"):
            assert one[same] == other[same], same
        assert (one["other_pid"], other["other_pid"]) == (other["own_pid"], one["own_pid"])
        if one["state"] == "finalized":
            product = self.trade.product_id
            kept = [await house.agreement(product) for house in (self.buyer, self.supplier)]
            assert kept[0] is not None
            assert kept[1] is not None
            assert kept[0]["sha256"] == kept[1]["sha256"]
            assert kept[0]["id"] == kept[1]["id"] in one["agreement"]["@id"]
        return one

    async def _suppliers(self) -> dict[str, Any] | None:
        """Return the supplier's copy of this negotiation, once it knows of it."""
        if self.supplier.id is None:
            found = await self.supplier.copy()
            if found is None or found["other_pid"] != f"urn:uuid:{self.buyer.id}":
                return None
            self.supplier.id = found["id"]
        return await self.supplier.copy()

    async def _step(self, choose: Choose) -> None:
        house = (self.buyer, self.supplier)[choose(2)]
        what = choose(10)
        if what < 5:
            await self._say(house, choose)
        elif what < 8:
            await self.run_job(house, later=dt.timedelta(seconds=choose(600)))
        elif what == 8:
            await self.into[house].bring_late()
        else:
            await self.compare(house)

    async def _say(self, house: House, choose: Choose) -> None:
        copy = await (self._suppliers() if house is self.supplier else house.copy())
        if copy is None:
            return
        if choose(12) == 0:
            reason = f"{house.who.party.id} {secrets.token_hex(2)}"
            if await house.say("terminations", reason=reason) < 300:
                self.ended_for[house] = reason
            return
        is_buyer = house is self.buyer
        wanted = {"terms": terms(self.trade, quantity=1 + choose(9))}
        match copy["state"], is_buyer:
            case "requested", False:
                done = await (
                    house.say("agreements") if choose(2) else house.say("offers", **wanted)
                )
            case "offered", True:
                done = await (
                    house.say("acceptances") if choose(3) else house.say("requests", **wanted)
                )
            case "accepted", False:
                done = await house.say("agreements")
            case "agreed", True:
                done = await house.sign("verifications")
            case "verified", False:
                done = await house.sign("finalizations")
            case _:
                done = await house.say(("offers", "acceptances")[is_buyer])
        self.said += done < 300


@contextlib.asynccontextmanager
async def two_houses(
    server: Any, name: str, trade: Trade, path: pathlib.Path
) -> AsyncIterator[Houses]:
    """Copy the database of a trade for a second service, and give each side a house."""
    from market.app import create_app

    second = f"{name}_other"
    # One register, and so its keys; what the houses do not share is what happens from now on.
    shutil.copytree(trade.api.context.settings.data_dir, path)
    await trade.db.close()
    await trade.api.context.db.close()
    await server.create(second, name)
    settings = Settings(
        database_url=server.dsn(second),
        separate_logins=True,
        data_dir=path,
        run_jobs=False,
        log_level="critical",
    )
    app = create_app(settings, clock=trade.clock)
    async with app.wired(), Api.on(app, trade.clock) as api:
        db = Database(lambda role: server.dsn(second, role), pool_size=10)
        try:
            yield Houses(
                trade,
                House(trade.api, trade.db, trade.buyer, trade.buyer_key),
                House(api, db, trade.supplier, trade.supplier_key),
            )
        finally:
            await db.close()
    await server.drop(second)
