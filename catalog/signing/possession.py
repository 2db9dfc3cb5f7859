"""Prove that one who registers a key has it (持有证明): a statement signed with that very key."""

from __future__ import annotations

import base64
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import PartyId
from catalog.signing.algorithms import OF_PARTIES, PUBLIC_KEY_LENGTH, Algorithm
from catalog.signing.canonical import FRAME, canonical
from catalog.signing.purposes import OF_A_PARTY, Purpose
from catalog.signing.verifier import verify_raw

_FRAME: Final = f"{FRAME}key_possession\n".encode()


class KeyMalformed(Invalid):
    """A public key has as many bytes as its algorithm says."""

    code = "key_malformed"


class PurposeNotForParties(Refused):
    """A party registers keys for what parties sign, not for what the service signs."""

    code = "key_purpose_not_for_parties"


class AlgorithmNotForParties(Refused):
    """Only papers are sealed by that algorithm, and parties seal none."""

    code = "algorithm_not_for_parties"


class PossessionNotProven(Refused):
    """The signature over the statement was not made with the key that is registered."""

    code = "key_possession_not_proven"


def statement(
    party: PartyId,
    purpose: Purpose,
    public_key: bytes,
    algorithm: Algorithm = Algorithm.ED25519,
) -> bytes:
    """Return the bytes that the holder signs to register ``public_key`` for ``party``.

    Ed25519 is not named: the statement was there before the other algorithms.
    """
    said = {
        "party_id": str(party),
        "public_key": base64.b64encode(public_key).decode(),
        "purpose": purpose.value,
    }
    if algorithm is not Algorithm.ED25519:
        said["algorithm"] = algorithm.value
    return _FRAME + canonical(said)


def check(
    party: PartyId,
    purpose: Purpose,
    public_key: bytes,
    possession: bytes,
    algorithm: Algorithm = Algorithm.ED25519,
) -> None:
    """Return if ``possession`` proves that ``party`` has the private half of ``public_key``.

    :raises PurposeNotForParties: if only the service signs for that purpose.
    :raises AlgorithmNotForParties: if only the service signs by that algorithm.
    :raises KeyMalformed: if the key has another length than its algorithm's.
    :raises PossessionNotProven: if the signature is not the key's, or not over this statement.
    """
    if purpose not in OF_A_PARTY:
        raise PurposeNotForParties(purpose=purpose.value)
    if algorithm not in OF_PARTIES:
        raise AlgorithmNotForParties(algorithm=algorithm.value)
    expected = PUBLIC_KEY_LENGTH[algorithm]
    if len(public_key) != expected:
        raise KeyMalformed(length=len(public_key), expected=expected, algorithm=algorithm.value)
    said = statement(party, purpose, public_key, algorithm)
    if not verify_raw(public_key, said, possession, algorithm):
        raise PossessionNotProven(purpose=purpose.value)
