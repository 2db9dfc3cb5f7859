"""Compare a manifest with what stands on the service: what is to be done so that both say the same."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from catalog.products.differing import FieldChange, differences
from catalog.products.model import Description
from catalog.products.states import State
from market.manifests.model import Read


class Action(enum.StrEnum):
    """What is to be done with a product."""

    CREATE = "create"  # 新增
    REVISE = "revise"  # 修订
    NOTHING = "nothing"  # 无变更
    WITHDRAW = "withdraw"  # 撤回: it stands there and in no file, and its withdrawal was asked for
    LEAVE = "leave"  # 不动: it stands there and in no file


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A product of the supplier as the service tells of it. Other fields do not matter here."""

    id: uuid.UUID
    state: State
    version: int
    name: str
    reference: str | None = None
    description: Description | None = None

    @property
    def key(self) -> str:
        """Return by which key a manifest means it: its reference, or its id if it has none."""
        return self.reference or str(self.id)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do, and why."""

    key: str
    action: Action
    name: str
    changes: tuple[FieldChange, ...] = ()
    completes: bool = False  # it is a draft there, and none here
    read: Read | None = None
    standing: Standing | None = None


def plan(
    products: Sequence[Read], standing: Iterable[Standing], *, prune: bool = False
) -> list[Step]:
    """Return what is to be done, in the order of the manifest; then what only the service has.

    What was made without a reference was made elsewhere, and is never withdrawn from here.
    """
    there = by_key(standing)
    steps = [_step(each, there.get(each.entry.key)) for each in products]
    named = {each.entry.key for each in products}
    for key, each in sorted(there.items()):
        if key not in named:
            withdraws = prune and each.reference is not None
            action = Action.WITHDRAW if withdraws else Action.LEAVE
            steps.append(Step(key=key, action=action, name=each.name, standing=each))
    return steps


def by_key(standing: Iterable[Standing]) -> Mapping[str, Standing]:
    """Return the products that were described and not withdrawn, by their keys."""
    return {
        each.key: each
        for each in standing
        if each.state is not State.WITHDRAWN and each.description is not None
    }


def _step(read: Read, standing: Standing | None) -> Step:
    said = read.description
    key, name = read.entry.key, said.name
    if standing is None:
        changes = differences(None, said)
        return Step(key=key, action=Action.CREATE, name=name, changes=changes, read=read)
    changes = differences(standing.description, said)
    completes = (standing.state is State.DRAFT) is not read.entry.draft
    # Names sort what is compared: only another order would go unseen.
    differs = bool(changes) or standing.description != said
    return Step(
        key=key,
        action=Action.REVISE if differs or completes else Action.NOTHING,
        name=name,
        changes=changes,
        completes=completes,
        read=read,
        standing=standing,
    )
