"""Cut an agent down to what its letters let it do (代理人的权限): never more than it may itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec

from catalog.authorisation_letters.model import AuthorisationLetter, Power
from catalog.authorisation_letters.validity import check_any_in_force, is_in_force
from catalog.kernel.actor import Actor
from catalog.kernel.ids import PartyId

#: What every agent may: see the cases in which it acts, and what runs in them.
SEEING: Final = frozenset(
    {
        "application:read",
        "objection:read",
        "case_file:issue",
        "file:read",
        "self:read",
        "timer:read",
    }
)
#: The permissions that a power needs; the operation asks for the power itself once more.
PERMISSIONS: Final[dict[Power, frozenset[str]]] = {
    Power.DRAFT: frozenset({"application:draft", "product:describe", "file:upload"}),
    Power.SUBMIT: frozenset({"application:submit"}),
    Power.CORRECT: frozenset({"application:draft", "application:submit", "file:upload"}),
    Power.WITHDRAW: frozenset({"application:withdraw"}),
    Power.RECEIVE_NOTIFICATIONS: frozenset(),  # they come into its own inbox
    Power.RESPOND: frozenset({"objection:respond", "file:upload"}),
    Power.CONSENT: frozenset(),  # the principal consents by the letter itself
}


def act_for(
    agent: Actor, principal: PartyId, letters: Iterable[AuthorisationLetter], on: dt.date
) -> Actor:
    """Return ``agent`` as it acts for ``principal`` today, under these letters between the two.

    :raises AuthorisationLetterMissing: and its like, if none of them counts today.
    """
    every = list(letters)
    check_any_in_force(every, on)
    counting = [letter for letter in every if is_in_force(letter, on)]
    granted = SEEING.union(*(PERMISSIONS[power] for each in counting for power in each.powers))
    products = {letter.product_id for letter in counting}
    return msgspec.structs.replace(
        agent,
        acting_for=principal,
        acting_on=None if None in products else frozenset(p for p in products if p is not None),
        permissions=agent.permissions & granted,
    )
