"""Say what a party must show to be registered (主体注册), and who may be suspended.

Natural and legal persons and unincorporated organisations may be parties (HN-02).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.kernel.ids import PartyId, is_uscc
from market.identity.model import Capacity, Kind

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LOGIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9._@-]{1,62})[a-z0-9]")
_MAX_NAME: Final = 200

# What one may register as. Operator and authority are there from the founding on (HN-05).
OPEN_CAPACITIES: Final = frozenset(
    {Capacity.TRADER, Capacity.COMPLIANCE_AGENCY, Capacity.OTHER_REGULATOR}
)
_OF_ORGANISATIONS: Final = frozenset({Capacity.COMPLIANCE_AGENCY, Capacity.OTHER_REGULATOR})
INSTITUTIONS: Final = frozenset({Capacity.SUPERMARKET_OPERATOR, Capacity.PROVINCIAL_AUTHORITY})


class UsccMalformed(Invalid):
    """The 统一社会信用代码 is missing or its check character is wrong (GB 32100-2015)."""

    code = "uscc_malformed"


class UsccNotForNaturalPerson(Invalid):
    """A natural person has an id number and no 统一社会信用代码."""

    code = "uscc_not_for_natural_person"


class IdentityNumberMissing(Invalid):
    """A natural person shows an id number."""

    code = "identity_number_missing"


class IdentityNumberNotWanted(Invalid):
    """An organisation shows its 统一社会信用代码, nobody's id number."""

    code = "identity_number_not_wanted"


class EvidenceHashMalformed(Invalid):
    """The digest of the licence document is 64 lower-case hex digits."""

    code = "evidence_hash_malformed"


class LoginMalformed(Invalid):
    """A login has 3 to 64 characters: small letters, digits and ``. _ @ -`` between them."""

    code = "login_malformed"


class NameMalformed(Invalid):
    """A name is not blank, has at most 200 characters, and no control characters."""

    code = "name_malformed"


class CapacityNotOpen(Refused):
    """Nobody registers as operator or authority, or as nothing at all."""

    code = "capacity_not_open"


class PersonIsNoAgency(Refused):
    """An agency is an organisation that answers for its opinion by itself (HN-05, HN-27)."""

    code = "person_is_no_agency"


class PartyAlreadyRegistered(Conflict):
    """A party with this 统一社会信用代码 or id number is registered."""

    code = "party_already_registered"


class LoginTaken(Conflict):
    """Somebody else has this login."""

    code = "login_taken"


class OwnPartyNotVerifiable(Refused):
    """Nobody verifies the party that he belongs to."""

    code = "own_party_not_verifiable"


class InstitutionNotSuspendable(Refused):
    """The operator and the authority are not suspended by one of their accounts."""

    code = "institution_not_suspendable"


def check_registration(
    *,
    kind: Kind,
    uscc: str | None,
    has_identity_number: bool,
    evidence_sha256: str,
    capacities: Iterable[Capacity],
) -> None:
    """Return if a party may register with what it shows.

    :raises CapacityNotOpen: if it asks to be operator, authority or nothing.
    :raises PersonIsNoAgency: if a natural person would be a compliance agency or a regulator.
    :raises EvidenceHashMalformed: if the digest of the licence is none.
    :raises UsccMalformed: if an organisation has no right 统一社会信用代码.
    :raises UsccNotForNaturalPerson: if a natural person gives one.
    :raises IdentityNumberMissing: if a natural person shows no id number.
    :raises IdentityNumberNotWanted: if an organisation shows one.
    """
    wanted = set(capacities)
    if not wanted or not wanted <= OPEN_CAPACITIES:
        raise CapacityNotOpen(capacities=sorted(c.value for c in wanted))
    check_evidence_hash(evidence_sha256)
    if kind is Kind.NATURAL_PERSON:
        if wanted & _OF_ORGANISATIONS:
            raise PersonIsNoAgency
        if uscc is not None:
            raise UsccNotForNaturalPerson
        if not has_identity_number:
            raise IdentityNumberMissing
        return
    if has_identity_number:
        raise IdentityNumberNotWanted
    check_uscc(uscc)


def check_uscc(uscc: str | None) -> str:
    """Return the code if it is a right 统一社会信用代码.

    :raises UsccMalformed: if not.
    """
    if uscc is None or not is_uscc(uscc):
        raise UsccMalformed(uscc=uscc or "")
    return uscc


def check_evidence_hash(evidence_sha256: str) -> None:
    """Return if this is a SHA-256 in hex.

    :raises EvidenceHashMalformed: if not.
    """
    if not _SHA256.fullmatch(evidence_sha256):
        raise EvidenceHashMalformed


def check_login(login: str) -> str:
    """Return the login if it can be one.

    :raises LoginMalformed: if not.
    """
    if not _LOGIN.fullmatch(login):
        raise LoginMalformed
    return login


def check_name(name: str) -> str:
    """Return the name without blanks around it.

    :raises NameMalformed: if it is blank, too long or holds control characters.
    """
    plain = name.strip()
    if not plain or len(plain) > _MAX_NAME or not plain.isprintable():
        raise NameMalformed(maximum=_MAX_NAME)
    return plain


def check_verifier(party_id: PartyId, verifier_party_id: PartyId | None) -> None:
    """Return if the verifier belongs to another party.

    :raises OwnPartyNotVerifiable: if not.
    """
    if party_id == verifier_party_id:
        raise OwnPartyNotVerifiable(party_id=str(party_id))


def check_suspension(capacities: Iterable[Capacity]) -> None:
    """Return if such a party may be suspended.

    :raises InstitutionNotSuspendable: if it is the operator or the authority.
    """
    if institutions := INSTITUTIONS & set(capacities):
        raise InstitutionNotSuspendable(capacities=sorted(c.value for c in institutions))
