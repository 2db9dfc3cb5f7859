"""Found the market (开市): once, with the service's own secret."""

from __future__ import annotations

import datetime as dt
import hmac

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Remembered
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Clearance, system
from catalog.kernel.db import Tx
from catalog.kernel.errors import Forbidden, Refused
from catalog.kernel.ids import AccountId, PartyId, new_id
from market.identity.model import Capacity, Foundation, Founder, Kind, Party
from market.identity.operations.accounts import insert_account
from market.identity.operations.parties import party_facts
from market.identity.operations.roles import new_grant
from market.identity.permissions import Role
from market.identity.registering import (
    PartyAlreadyRegistered,
    check_evidence_hash,
    check_name,
    check_uscc,
)
from market.identity.states import State
from market.identity.store import parties, roles


class FoundationSecretWrong(Forbidden):
    """The one-time secret of the founding is another one, or founding is switched off."""

    code = "foundation_secret_wrong"


class MarketAlreadyFounded(Refused):
    """A market is founded once."""

    code = "market_already_founded"


class Institution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The operator or the authority, as it is named at the founding."""

    name: str
    uscc: str
    evidence_sha256: str | None = None


async def found_market(
    tx: Tx,
    *,
    now: dt.datetime,
    expected_secret: str | None,
    secret: str,
    authority: Institution,
    operator: Institution,
    regulator: Founder,
    system_administrator: Founder,
    security_administrator: Founder,
    audit_administrator: Founder,
) -> Foundation:
    """Found an empty market (开市): authority, operator and the three administrators (三权分立).

    No account is there before: whoever can set the service's secret founds it, once.

    :raises FoundationSecretWrong: if the secret is another one, or none is set.
    :raises MarketAlreadyFounded: if any party is there.
    """
    # An empty secret would be met by an empty answer.
    given, expected = secret.encode(), (expected_secret or "").encode()
    if not expected or not hmac.compare_digest(given, expected):
        raise FoundationSecretWrong
    if not await parties.lock_founding(tx):
        raise MarketAlreadyFounded
    await parties.act_as(tx, party_id=None, clearance=Clearance.SYSTEM.value)
    bureau = await _found_institution(tx, authority, Capacity.PROVINCIAL_AUTHORITY, now)
    house = await _found_institution(tx, operator, Capacity.SUPERMARKET_OPERATOR, now)
    accounts: dict[Role, AccountId] = {}
    for party, role, founder in (
        (bureau, Role.REGULATOR, regulator),
        (house, Role.SYSTEM_ADMINISTRATOR, system_administrator),
        (house, Role.SECURITY_ADMINISTRATOR, security_administrator),
        (house, Role.AUDIT_ADMINISTRATOR, audit_administrator),
    ):
        account = await insert_account(
            tx,
            party_id=party.id,
            login=founder.login,
            display_name=founder.display_name,
            password=founder.password,
            opened_by=None,
            now=now,
        )
        await roles.insert_grant(tx, new_grant(account.id, role, granted_by=None, now=now))
        accounts[role] = account.id
    await _insert_party_file(tx, bureau, authority.evidence_sha256, accounts[Role.REGULATOR])
    await _insert_party_file(
        tx, house, operator.evidence_sha256, accounts[Role.SECURITY_ADMINISTRATOR]
    )
    await audit_log.append(
        tx,
        Remembered.MARKET_FOUNDED,
        actor=system("foundation"),
        now=now,
        subjects=[
            Subject("party", str(bureau.id)),
            Subject("party", str(house.id)),
            *(Subject("account", str(account_id)) for account_id in accounts.values()),
        ],
        facts={
            "authority": party_facts(bureau),
            "operator": party_facts(house),
            "roles": {role.value: str(account_id) for role, account_id in accounts.items()},
        },
        rules=("HN-05",),
    )
    return Foundation(
        authority_party_id=bureau.id,
        operator_party_id=house.id,
        regulator_account_id=accounts[Role.REGULATOR],
        system_administrator_account_id=accounts[Role.SYSTEM_ADMINISTRATOR],
        security_administrator_account_id=accounts[Role.SECURITY_ADMINISTRATOR],
        audit_administrator_account_id=accounts[Role.AUDIT_ADMINISTRATOR],
    )


async def _found_institution(
    tx: Tx, institution: Institution, capacity: Capacity, now: dt.datetime
) -> Party:
    if institution.evidence_sha256 is not None:
        check_evidence_hash(institution.evidence_sha256)
    party = Party(
        id=PartyId(new_id()),
        kind=Kind.LEGAL_PERSON,
        name=check_name(institution.name),
        uscc=check_uscc(institution.uscc),
        capacities=(capacity,),
        state=State.VERIFIED,
        registered_at=now,
        verified_at=now,
    )
    if not await parties.insert(tx, party):
        raise PartyAlreadyRegistered(uscc=party.uscc)
    return party


async def _insert_party_file(
    tx: Tx, party: Party, evidence_sha256: str | None, registered_by: AccountId
) -> None:
    await parties.insert_file(
        tx,
        party_id=party.id,
        evidence_sha256=evidence_sha256,
        identity_hash=None,
        identity_masked=None,
        registered_by=registered_by,
    )
