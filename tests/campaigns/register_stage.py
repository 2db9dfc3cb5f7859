"""Set the stage once, and copy it for each run: parties, keys, files, products in a database.

Every run gets a database of its own from that one, its own log, its own clock and its own service.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import pathlib
import secrets
import shutil
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.signing.purposes import Purpose
from market.app import create_app
from market.identity.model import Capacity, Party
from market.identity.permissions import Role
from market.jobs import loop
from market.settings import Settings
from tests.api import Api
from tests.campaigns.register_service import Service
from tests.makers_agencies import hold_selection
from tests.makers_identity import Member, make_member, make_party
from tests.makers_products import make_description
from tests.makers_registration import OwnKey, must
from tests.reference.applications import CORE_DATA, PRODUCTS
from tests.reference.days import DAY, SHANGHAI
from tests.reference.world import AWARDS

#: Before every day on which a run may begin.
BEGAN = dt.datetime(2024, 1, 2, 9, tzinfo=SHANGHAI)
ROLES = {
    "acceptor": Role.OPERATOR_ACCEPTOR,
    "technical": Role.OPERATOR_TECHNICAL_REVIEWER,
    "second_technical": Role.OPERATOR_TECHNICAL_REVIEWER,
    "issuer": Role.OPERATOR_ISSUER,
    "adjudicator": Role.OPERATOR_ADJUDICATOR,
    "regulator": Role.REGULATOR,
    "agency": Role.AGENCY_REVIEWER,
    "other_agency": Role.AGENCY_REVIEWER,
    "expert_1": Role.EXPERT,
    "expert_2": Role.EXPERT,
    "expert_3": Role.EXPERT,
    "insider": Role.EXPERT,
    "supplier": Role.SUPPLIER,
    "rival": Role.SUPPLIER,
    "objector": Role.BUYER,
    "claimant": Role.BUYER,
}
OF = {"acceptor": "operator", "technical": "operator", "second_technical": "operator",
      "issuer": "operator", "adjudicator": "operator", "regulator": "authority",
      "insider": "agency"}  # fmt: skip


class Cast(msgspec.Struct):
    """Everybody and everything that is there before a run begins."""

    members: dict[str, Member]
    parties: dict[str, str]
    keys: dict[str, OwnKey]
    files: dict[str, str]
    things: dict[str, str]  # products, awards, the delegation: by the names that the model has


class Stage:
    """The database that is copied, and how."""

    def __init__(self, server: Any, settings: Settings, directory: pathlib.Path) -> None:
        self._server = server
        self._settings = settings
        self._directory = directory
        self._template = f"stage_{secrets.token_hex(6)}"
        self.cast = Cast({}, {}, {}, {}, {})

    async def set(self) -> None:
        """Make the database that is copied."""
        await self._server.create(self._template, self._server.template)
        clock = ManualClock(BEGAN)
        settings = self._settings_for(self._template, self._directory / "set")
        app = create_app(settings, clock=clock)
        db = Database(lambda role: self._server.dsn(self._template, role), pool_size=2)
        try:
            async with app.wired(), Api.on(app, clock) as api:
                await _fill(self.cast, api, db, clock.now())
        finally:
            await db.close()
        # The clocks of past comparisons are no part of a run.
        owner = await asyncpg.connect(self._server.dsn(self._template))
        await owner.execute("DELETE FROM catalog.timers")
        await owner.close()

    async def strike(self) -> None:
        """Take it away."""
        await self._server.drop(self._template)

    @contextlib.asynccontextmanager
    async def run(self, begins: dt.datetime) -> AsyncIterator[Service]:
        """Give a service on a copy, which begins at this instant."""
        name, directory = f"run_{secrets.token_hex(6)}", self._directory / secrets.token_hex(4)
        await self._server.create(name, self._template)
        shutil.copytree(self._directory / "set", directory)
        clock = ManualClock(begins)
        settings = self._settings_for(name, directory)
        app: Any = create_app(settings, clock=clock)
        owner = await asyncpg.connect(self._server.dsn(name))
        db = Database(lambda role: self._server.dsn(name, role), pool_size=2)
        try:
            async with app.wired(), Api.on(app, clock) as api:
                yield await Service.on(
                    self.cast, api=api, db=db, owner=owner, clock=clock, directory=directory
                )
        finally:
            await db.close()
            await owner.close()
            await self._server.drop(name)
            shutil.rmtree(directory)

    def _settings_for(self, database: str, directory: pathlib.Path) -> Settings:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return msgspec.structs.replace(
            self._settings,
            database_url=self._server.dsn(database),
            data_dir=directory,
            pool_size=4,
        )


async def _fill(cast: Cast, api: Api, db: Database, now: dt.datetime) -> None:
    operator = await make_party(db, Capacity.SUPERMARKET_OPERATOR, now=now, name="示例运营有限公司")
    authority = await make_party(db, Capacity.PROVINCIAL_AUTHORITY, now=now, name="示例省数据局")
    institutions: dict[str, Party] = {"operator": operator, "authority": authority}
    cast.parties |= {name: str(party.id) for name, party in institutions.items()}
    for name, role in ROLES.items():
        member = await make_member(db, role, now=now, party=institutions.get(OF.get(name, "")))
        cast.members[name] = member
        institutions.setdefault(name, member.party)
        cast.parties.setdefault(OF.get(name, name), str(member.party.id))
    for name, purpose in (
        ("agency", Purpose.OPINION),
        ("other_agency", Purpose.OPINION),
        ("regulator", Purpose.AUTHORISATION),
    ):
        cast.keys[name] = OwnKey(purpose)
        member = cast.members[name]
        must(await cast.keys[name].register(api.as_(member.token), member.party.id))
    for name in ROLES:
        who = api.as_(cast.members[name].token)
        uploaded = await who.upload(f"材料 {name}".encode(), "材料.pdf", "application/pdf")
        # What one of the operator's people uploads is that one's to hand in, and nobody else's.
        cast.files[name] = cast.files[OF.get(name, name)] = must(uploaded)["id"]
    await _choose_agencies(cast, api, db)
    for product, owner in PRODUCTS.items():
        described = make_description(
            name=f"港口作业气象风险指数 {product}",
            contains_national_core_data=product == CORE_DATA,
        )
        who = api.as_(cast.members[owner].token)
        answer = must(await who.post("/api/v1/products", msgspec.to_builtins(described)))
        cast.things[product] = answer["id"]


async def _choose_agencies(cast: Cast, api: Api, db: Database) -> None:
    """Delegate the operator, and let both agencies win public comparisons, for later contracts."""
    delegation = {
        "operator_party_id": cast.parties["operator"],
        "document_number": "琼数〔2023〕1号",
        "scope": "数据产品确权登记",
        "valid_from": "2023-10-01",
    }
    regulator = api.as_(cast.members["regulator"].token)
    cast.things["D1"] = must(await regulator.post("/api/v1/delegations", delegation))["id"]
    for i, name in enumerate(AWARDS):
        held = await hold_selection(
            db,
            operator=cast.members["issuer"].actor,
            agencies=[cast.members[agency].actor for agency in ("agency", "other_agency")],
            now=BEGAN - (90 - 20 * i) * DAY,
            sign=lambda: loop._sequence(api.context),
            selection_number=f"比选〔2023〕{i}号",
        )
        cast.things[name] = str(held.id)
