"""Describe many products in one transaction, each by the rules of a single one (批量著录)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

import msgspec

from catalog.authorisation_letters import operations as letters
from catalog.authorisation_letters.model import Power
from catalog.code_trees import queries as code_trees
from catalog.code_trees.model import Tree
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from catalog.products.bulk import Became, Decision, Said, Surroundings, decide, keeping
from catalog.products.coding import codes_named
from catalog.products.metadata import named_resources
from catalog.products.model import Origin, Product, ProductId
from catalog.products.operations.remembering import (
    Change,
    follow_descriptions,
    remember_described,
    remember_revised,
)
from catalog.products.store import products, provenance, revisions


class Done(msgspec.Struct, frozen=True):
    """What became of one: of a trial, what would have become of it."""

    became: Became
    product_id: ProductId | None
    refusals: tuple[DomainError, ...] = ()


async def describe_many(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    supplier_name: str,
    rows: Sequence[Said],
    is_draft: bool,
    is_dry_run: bool = False,
) -> list[Done]:
    """Create or revise products by their references; what is refused is told and holds up no other.

    No two of ``rows`` have the same reference. Each product that is written has its own entry in the
    log. A trial writes nothing.

    :raises NotPermitted: if the actor describes no products.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may describe no new one (HN-06).
    """
    actor.require("product:describe")
    await letters.require(
        tx, actor=actor, now=now, power=Power.DRAFT, product_id=ProductId(new_id())
    )
    await products.hold_references(tx, actor.party)
    standing = await products.lock_by_references(tx, actor.party, [said.reference for said in rows])
    around = await _surroundings(tx, actor, rows)
    done: list[Done] = []
    writing = _Writing(tx, actor=actor, now=now, is_dry_run=is_dry_run)
    for given in rows:
        before = standing.get(given.reference)
        said = keeping(given, before)
        if before is not None and named_resources(said.description):
            await writing.finish()  # what it may be made from depends on those before it
        decides, before = await _around(tx, around, said, before)
        decision = decide(said, before, decides, is_draft=is_draft)
        after = _after(said, before, decision, actor=actor, now=now, supplier_name=supplier_name)
        if decision.became in (Became.CREATED, Became.REVISED):
            assert after is not None, "what is written is there"
            writing.add(before, after)
        product_id = None if after is None else after.id
        if is_dry_run and before is None:
            product_id = None
        done.append(Done(decision.became, product_id, decision.refusals))
    await writing.finish()
    return done


class _Writing:
    """Products that are still to be written, all of them by the same few statements."""

    def __init__(self, tx: Tx, *, actor: Actor, now: dt.datetime, is_dry_run: bool) -> None:
        self._tx = tx
        self._actor = actor
        self._now = now
        self._is_dry_run = is_dry_run
        self._new: list[Product] = []
        self._revised: list[tuple[Product, Product]] = []

    def add(self, before: Product | None, after: Product) -> None:
        """Let a product be written with the next ones; of a trial, never."""
        if self._is_dry_run:
            return
        if before is None:
            self._new.append(after)
        else:
            self._revised.append((before, after))

    async def finish(self) -> None:
        """Write what is still to be written, and what follows from it."""
        tx, actor, now = self._tx, self._actor, self._now
        if self._new:
            await products.insert_many(tx, self._new)
        if self._revised:
            await products.update_many(tx, [after for _, after in self._revised])
        changes = [
            *(Change(None, product) for product in self._new),
            *(Change(before, after) for before, after in self._revised),
        ]
        if changes:
            await follow_descriptions(tx, changes, actor=actor, now=now)
            await remember_described(tx, self._new, actor=actor, now=now)
            await remember_revised(tx, self._revised, actor=actor, now=now)
        self._new, self._revised = [], []


async def _surroundings(tx: Tx, actor: Actor, rows: Sequence[Said]) -> Surroundings:
    codes: Mapping[Tree, set[str]] = {
        tree: {code for said in rows for code in codes_named(said.description, tree).values()}
        for tree in Tree
    }
    named = {resource for said in rows for resource in named_resources(said.description)}
    return Surroundings(
        supplier=actor.party,
        known={
            tree: await code_trees.find(tx, tree=tree, codes=sorted(codes[tree])) for tree in Tree
        },
        resources=await provenance.find_resources(tx, sorted(named)),
    )


async def _around(
    tx: Tx, around: Surroundings, said: Said, before: Product | None
) -> tuple[Surroundings, Product | None]:
    """Return what decides about one product, and that product as far as it matters."""
    named: list[uuid.UUID] = named_resources(said.description)
    resources = {each: around.resources[each] for each in named if each in around.resources}
    made = frozenset[uuid.UUID]()
    was_shown = False
    if before is not None and before.description is not None:
        if named:
            made = frozenset(await provenance.list_made_from(tx, before.id))
        if before.description.ai_generated is not said.description.ai_generated:
            before = await products.lock(tx, before.id)  # with its contents: is there a newer one?
            assert before is not None, "it is locked already"
            was_shown = await revisions.was_shown(tx, before.id)
    return msgspec.structs.replace(
        around, resources=resources, made_from_it=made, was_shown=was_shown
    ), before


def _after(
    said: Said,
    before: Product | None,
    decision: Decision,
    *,
    actor: Actor,
    now: dt.datetime,
    supplier_name: str,
) -> Product | None:
    """Return the product as it is then; as it was, if nothing becomes of it."""
    if decision.became in (Became.REFUSED, Became.UNCHANGED):
        return before
    assert decision.state is not None, "what is written has a state"
    return Product(
        id=ProductId(new_id()) if before is None else before.id,
        origin=Origin.DESCRIBED,
        state=decision.state,
        supplier_party_id=actor.party,
        supplier_name=supplier_name,
        name=said.description.name,
        form=said.description.form,
        description=said.description,
        imported=None,
        source=None,
        source_id=None,
        is_public=False,
        version=1 if before is None else before.version + 1,
        created_at=now if before is None else before.created_at,
        updated_at=now,
        reference=said.reference,
    )
