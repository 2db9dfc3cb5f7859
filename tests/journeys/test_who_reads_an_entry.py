"""Who reads what an entry says, and who acted: role by kind by author, with the rule of the search bypassed.

The database is asked as the service's role asks it. That the search says the same is compared.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

import asyncpg
import msgspec
import pytest

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.log_search import queries
from catalog.log_search.model import Wanted
from market.identity.model import Capacity
from market.identity.permissions import Role
from tests.api import Api
from tests.makers_identity import Member, make_member, make_party
from tests.makers_registration import Scene, make_scene, must

#: What somebody may have done, by the kind of what its entry tells.
KINDS: Final = {
    "denial": Event.ACCESS_DENIED,
    "confidential denial": Event.MATERIAL_DENIED,
    "failed sign-in": Event.SIGN_IN_FAILED,
    "sign-in": Event.SESSION_OPENED,
    "reading": Event.RECORD_READ,
    "key use": Event.KEY_USED,
    "configuration": Event.CONFIGURATION_CHANGED,
    "personal": Event.PARTY_VERIFIED,
    "money": Event.PAYMENT_CONFIRMED,
    "a case": Event.APPLICATION_ACCEPTED,
}
CASE: Final = frozenset({"a case"})
SECURITY: Final = frozenset(
    {"denial", "confidential denial", "failed sign-in", "sign-in", "key use", "configuration"}
)
EVERY: Final = frozenset(KINDS)
OPEN: Final = EVERY - CASE

#: Reader → author → the kinds that it reads. Who stands in no row reads nothing of that author.
READS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "supplier": {"supplier": EVERY, "colleague": EVERY},
    "colleague": {"supplier": EVERY, "colleague": EVERY},
    "stranger": {"stranger": OPEN},
    "agency": {"agency": OPEN},
    "acceptor": {"acceptor": EVERY},  # who has taken the case
    "issuer": {"issuer": OPEN},
    "head": {"head": OPEN},
    "system": {"system": OPEN},
    "security": {"security": OPEN},
    "other_regulator": {"other_regulator": OPEN},
}
EVERYBODYS: Final = {"auditor": EVERY, "regulator": EVERY, "security": SECURITY}
PEOPLE: Final = (*READS, "auditor", "regulator")


class Written(msgspec.Struct, frozen=True):
    """Who there is, and what each of them did."""

    db: Database
    people: dict[str, Member]
    entries: dict[uuid.UUID, tuple[str, str]]


def expected(reader: str) -> set[tuple[str, str]]:
    rows = READS.get(reader, {})
    return {
        (author, kind)
        for author in PEOPLE
        for kind in rows.get(author, frozenset()) | EVERYBODYS.get(reader, frozenset())
    }


@pytest.fixture
async def written(api: Api, db: Database, clock: ManualClock) -> Written:
    scene = await make_scene(api, db, clock)
    application = await scene.submitted()
    must(await scene.take(application, scene.acceptor, "acceptance"))
    people = await everybody(scene)
    entries: dict[uuid.UUID, tuple[str, str]] = {}
    for author, member in people.items():
        for kind, event in KINDS.items():
            about = (
                [Subject("application", application)]
                if kind in CASE
                else [Subject("account", str(member.account.id))]
            )
            async with begin(db, member.actor) as tx:
                entry = await audit_log.append(
                    tx, event, actor=member.actor, now=clock.now(), subjects=about
                )
            entries[entry.id] = (author, kind)
    await api.run_jobs()
    return Written(db=db, people=people, entries=entries)


async def everybody(scene: Scene) -> dict[str, Member]:
    now = scene.clock.now()
    other = await make_party(scene.db, Capacity.OTHER_REGULATOR, now=now)
    return {
        "supplier": scene.supplier,
        "colleague": await make_member(scene.db, Role.BUYER, now=now, party=scene.supplier.party),
        "stranger": await make_member(scene.db, Role.SUPPLIER, now=now),
        "agency": scene.agency,
        "acceptor": scene.acceptor,
        "issuer": scene.issuer,
        "head": await make_member(scene.db, Role.OPERATOR_HEAD, now=now),
        "system": await make_member(scene.db, Role.SYSTEM_ADMINISTRATOR, now=now),
        "security": await make_member(scene.db, Role.SECURITY_ADMINISTRATOR, now=now),
        "other_regulator": await make_member(scene.db, Role.OTHER_REGULATOR, now=now, party=other),
        "auditor": await make_member(scene.db, Role.AUDIT_ADMINISTRATOR, now=now),
        "regulator": scene.regulator,
    }


async def read_past_the_rule(written: Written, actor: Actor) -> set[tuple[str, str]]:
    async with begin(written.db, actor) as tx:
        rows = await tx.fetch(
            """SELECT entry_id FROM audit_log.open_payloads
                WHERE payload IS NOT NULL AND salt IS NOT NULL"""
        )
    return {written.entries[row["entry_id"]] for row in rows if row["entry_id"] in written.entries}


async def told_who_acted(written: Written, actor: Actor) -> set[tuple[str, str]]:
    async with begin(written.db, actor) as tx:
        rows = await tx.fetch("SELECT entry_id FROM audit_log.search_entries")
    return {written.entries[row["entry_id"]] for row in rows if row["entry_id"] in written.entries}


async def found(
    written: Written, actor: Actor, wanted: Wanted
) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return what a search shows, and of it what it shows with its payload."""
    items, cursor = [], None
    while True:
        async with begin(written.db, actor) as tx:
            page = await queries.search(tx, viewer=actor, wanted=wanted, cursor=cursor, limit=200)
        items += [each for each in page.items if each.id in written.entries]
        cursor = page.next_cursor
        if cursor is None:
            break
    told = {written.entries[each.id] for each in items if each.payload is not None}
    return {written.entries[each.id] for each in items}, told


async def test_the_database_shows_each_role_what_the_rule_says_and_no_more(
    written: Written,
) -> None:
    read = {who: await read_past_the_rule(written, m.actor) for who, m in written.people.items()}

    assert read == {who: expected(who) for who in PEOPLE}


async def test_a_search_shows_each_role_what_the_database_shows_it(written: Written) -> None:
    for who, member in written.people.items():
        shown, told = await found(written, member.actor, Wanted())
        mine = Wanted(actor_account_id=member.account.id)
        shown_of_mine, told_of_mine = await found(written, member.actor, mine)

        assert told | told_of_mine == expected(who), who
        # Beside them only that something was done in a case that is closed, not what.
        assert {kind for _, kind in (shown | shown_of_mine) - expected(who)} <= CASE, who
        assert shown_of_mine == {(who, kind) for kind in KINDS}, who


async def test_who_acted_is_told_of_ones_own_acts_even_in_a_case_that_is_closed(
    written: Written,
) -> None:
    for who, member in written.people.items():
        told = await told_who_acted(written, member.actor)

        assert told == expected(who) | {(author, "a case") for author in READS.get(who, {})}, who


@pytest.mark.parametrize("column", ["payload", "salt", "actor_account_id", "actor_party_id"])
async def test_no_role_reads_what_is_closed_from_the_table_itself(
    written: Written, column: str
) -> None:
    for member in written.people.values():
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with begin(written.db, member.actor) as tx:
                await tx.fetch(f"SELECT {column} FROM audit_log.entries LIMIT 1")


async def test_what_a_leaf_tells_is_read_beside_it_by_whoever_reads_the_row(
    written: Written,
) -> None:
    async with begin(written.db, written.people["issuer"].actor) as tx:
        rows = await tx.fetch("SELECT entry_id, at, event, subjects FROM audit_log.entries")

    assert written.entries.keys() <= {row["entry_id"] for row in rows}


async def test_no_clearance_at_all_reads_nothing(written: Written) -> None:
    async with begin(written.db, written.people["stranger"].actor) as tx:
        await tx.execute(
            "SELECT set_config('app.clearance', '', true), set_config('app.party', '', true)"
        )
        assert await tx.fetch("SELECT 1 FROM audit_log.open_payloads LIMIT 1") == []
