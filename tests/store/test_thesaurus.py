"""The table of synonyms in a real PostgreSQL: at once in force, in every process, and on the record."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import pathlib

import asyncpg
import pytest

from catalog.kernel.actor import PUBLIC, Clearance
from catalog.kernel.db import Database, Tx, begin
from catalog.search import operations as indexing
from catalog.search import queries as search
from catalog.search.disk.reading import TantivyIndex
from catalog.search.port import SearchPort
from catalog.thesaurus import operations as thesaurus
from catalog.thesaurus import queries
from catalog.thesaurus.grouping import SynonymGroupKnown
from catalog.thesaurus.queries import Book
from catalog.thesaurus.states import State
from catalog.thesaurus.synonyms import Synonyms, SynonymsOutdated
from market.reference import load_reference
from seeds.synonyms import read_groups
from tests.makers_products import make_actor
from tests.store.test_search import import_records

EDITOR = make_actor("synonym:edit", "synonym:propose", "synonym:read", clearance=Clearance.STAFF)
RECORDS = [
    ("1", "驻泊点剩余位", "各驻泊点的空位", "台北", "csv"),
    ("2", "港口吞吐量", "集装箱", "海南", "csv"),
]


@pytest.fixture(params=["postgresql", "index"])
async def port(
    request: pytest.FixtureRequest, db: Database, now: dt.datetime, tmp_path: pathlib.Path
) -> SearchPort | None:
    await import_records(db, now, RECORDS)
    if request.param == "postgresql":
        return None
    await indexing.Follower(db, TantivyIndex(tmp_path)).rebuild()
    return TantivyIndex(tmp_path)


async def found(db: Database, book: Book, port: SearchPort | None, text: str) -> list[str | None]:
    async with begin(db, PUBLIC) as tx:
        answer = await book.answered(
            tx, lambda known: search.search(tx, port=port, text=text, synonyms=known)
        )
    return [hit.source_id for hit in answer.items]


async def test_what_is_added_and_removed_counts_for_the_next_question_of_every_process(
    db: Database, now: dt.datetime, port: SearchPort | None
) -> None:
    books = [Book(), Book()]
    assert [await found(db, book, port, "船舶锚地") for book in books] == [[], []]

    async with begin(db, EDITOR) as tx:
        group = await thesaurus.add(
            tx, actor=EDITOR, now=now, words=["船舶锚地", "驻泊点"], reason="行业用语"
        )
    assert [await found(db, book, port, "船舶锚地") for book in books] == [["1"], ["1"]]

    async with begin(db, EDITOR) as tx:
        await thesaurus.remove(tx, actor=EDITOR, now=now, group_id=group.id, reason="有误")
    assert [await found(db, book, port, "船舶锚地") for book in books] == [[], []]


async def test_a_question_costs_no_statement_more_while_nothing_changes(
    db: Database, now: dt.datetime, port: SearchPort | None
) -> None:
    book = Book()
    await found(db, book, port, "港口")
    reads: list[str] = []

    async with begin(db, PUBLIC) as tx:
        real = tx.fetch_one
        tx.fetch_one = lambda sql, *args: (reads.append(sql), real(sql, *args))[1]  # type: ignore[method-assign]
        await book.answered(
            tx, lambda known: search.search(tx, port=port, text="港口", synonyms=known)
        )

    assert not [sql for sql in reads if "synonym_groups" in sql]


async def test_a_change_that_is_rolled_back_changes_no_answer(
    db: Database, now: dt.datetime, port: SearchPort | None
) -> None:
    book = Book()
    with contextlib.suppress(asyncio.CancelledError):
        async with begin(db, EDITOR) as tx:
            await thesaurus.add(
                tx, actor=EDITOR, now=now, words=["船舶锚地", "驻泊点"], reason="行业用语"
            )
            raise asyncio.CancelledError

    assert await found(db, book, port, "船舶锚地") == []


async def test_whoever_meets_a_new_version_each_time_is_answered_all_the_same(tx: Tx) -> None:
    asked: list[int | None] = []

    async def ask(known: Synonyms) -> str:
        asked.append(known.version)
        if known.version is not None:
            raise SynonymsOutdated
        return "answered"

    assert await Book().answered(tx, ask) == "answered"
    assert asked == [1, 1, 1, None]


async def test_a_proposal_counts_once_it_is_confirmed_and_a_declined_one_never(
    tx: Tx, now: dt.datetime
) -> None:
    before = await queries.export(tx)
    first, second = [
        await thesaurus.propose(tx, actor=EDITOR, now=now, words=[name, "驻泊点"], reason="用语")
        for name in ("船舶锚地", "停泊水域")
    ]
    assert (await queries.export(tx)) == before

    await thesaurus.decide(
        tx, actor=EDITOR, now=now, group_id=first.id, is_confirmed=True, reason="属实"
    )
    await thesaurus.decide(
        tx, actor=EDITOR, now=now, group_id=second.id, is_confirmed=False, reason="不同"
    )

    after = await queries.export(tx)
    assert after.groups == [*before.groups, ("船舶锚地", "驻泊点")]
    assert after.version == before.version + 1
    declined = await queries.list_page(tx, viewer=EDITOR, state=State.DECLINED)
    assert [group.words for group in declined.items] == [("停泊水域", "驻泊点")]


async def test_two_proposals_of_the_same_are_not_both_confirmed(tx: Tx, now: dt.datetime) -> None:
    groups = [
        await thesaurus.propose(tx, actor=EDITOR, now=now, words=words, reason="用语")
        for words in (["船舶锚地", "驻泊点"], ["驻泊点", "船舶錨地"])
    ]
    decide = {"actor": EDITOR, "now": now, "is_confirmed": True, "reason": "属实"}
    await thesaurus.decide(tx, group_id=groups[0].id, **decide)

    with pytest.raises(SynonymGroupKnown):
        await thesaurus.decide(tx, group_id=groups[1].id, **decide)


async def test_every_change_says_who_when_and_why_and_none_is_taken_back(
    db: Database, now: dt.datetime, owner_dsn: str
) -> None:
    async with begin(db, EDITOR) as tx:
        group = await thesaurus.add(
            tx, actor=EDITOR, now=now, words=["船舶锚地", "驻泊点"], reason="行业用语"
        )
        await thesaurus.remove(tx, actor=EDITOR, now=now, group_id=group.id, reason="有误")
        page = await queries.list_changes(tx, viewer=EDITOR, group_id=group.id)

    assert [(c.state, c.reason, c.changed_by, c.changed_at) for c in page.items] == [
        (State.REMOVED, "有误", EDITOR.account_id, now),
        (State.IN_FORCE, "行业用语", EDITOR.account_id, now),
    ]
    async with begin(db, PUBLIC) as tx:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tx.execute("UPDATE catalog.synonym_changes SET reason = ''")
    async with begin(db, PUBLIC) as tx:
        assert not await tx.fetch("SELECT * FROM catalog.synonym_changes")
    connection = await asyncpg.connect(owner_dsn)
    with pytest.raises(asyncpg.PostgresError, match="nothing was remembered"):
        await connection.execute("UPDATE catalog.synonym_groups SET state = 'removed'")
    await connection.close()


async def test_an_import_adds_what_is_missing_or_nothing_at_all(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, EDITOR) as tx:
        before = await queries.export(tx)
    wanted = [*read_groups(), ["船舶锚地", "驻泊点"]]

    with pytest.raises(Exception, match="synonym_says_the_same"):
        async with begin(db, EDITOR) as tx:
            await thesaurus.import_groups(
                tx, actor=EDITOR, now=now, groups=[*wanted, ["公車", "公车"]], reason="年度"
            )
    async with begin(db, EDITOR) as tx:
        assert await queries.export(tx) == before
        done = await thesaurus.import_groups(
            tx, actor=EDITOR, now=now, groups=wanted, reason="年度"
        )
    assert (done.added, done.known, done.version) == (1, len(wanted) - 1, before.version + 1)


async def test_the_list_of_the_service_is_loaded_once_and_the_table_is_the_operators_then(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, EDITOR) as tx:
        page = await queries.list_page(tx, viewer=PUBLIC, word="公交")
        await thesaurus.remove(tx, actor=EDITOR, now=now, group_id=page.items[0].id, reason="不用")

    assert await load_reference(db, now=now) == 0

    async with begin(db, EDITOR) as tx:
        assert len((await queries.export(tx)).groups) == len(read_groups()) - 1


async def test_two_editors_at_once_add_one_group(db: Database, now: dt.datetime) -> None:
    async def add() -> object:
        async with begin(db, EDITOR) as tx:
            return await thesaurus.add(
                tx, actor=EDITOR, now=now, words=["船舶锚地", "驻泊点"], reason="用语"
            )

    outcomes = await asyncio.gather(add(), add(), return_exceptions=True)

    assert sorted(type(each).__name__ for each in outcomes) == ["SynonymGroup", "SynonymGroupKnown"]
