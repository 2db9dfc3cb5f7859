"""Each key signs by its own algorithm, and a signature that names another one is refused."""

from __future__ import annotations

import pathlib

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from catalog.kernel.ids import PartyId, new_id
from catalog.signing import possession
from catalog.signing.algorithms import OF_PARTIES, PUBLIC_KEY_LENGTH, Algorithm, find_algorithm
from catalog.signing.model import Signature
from catalog.signing.private_keys import from_secret
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.signing.verifier import SignatureFault, fault_of, verify_detached, verify_raw

KATS = msgspec.json.decode(pathlib.Path("tests/vectors/ml_dsa_44.json").read_bytes())["vectors"]
SECRET = bytes(range(1, 33))
PARTY = PartyId(new_id())


def signer(algorithm: Algorithm) -> Signer:
    return Signer(Purpose.OPINION, SECRET, algorithm)


@pytest.mark.parametrize("kat", KATS, ids=lambda kat: f"count {kat['count']}")
def test_ml_dsa_44_is_that_of_fips_204(kat: dict[str, str]) -> None:
    public_key = bytes.fromhex(kat["public_key"])
    message, context = bytes.fromhex(kat["message"]), bytes.fromhex(kat["context"])
    signature = bytes.fromhex(kat["signature"])
    key = MLDSA44PublicKey.from_public_bytes(public_key)

    made = Signer(Purpose.CHECKPOINT, bytes.fromhex(kat["seed"]), Algorithm.ML_DSA_44)
    key.verify(signature, message, context)

    assert made.public_key == public_key
    assert verify_raw(public_key, message, made.sign(message), Algorithm.ML_DSA_44)
    assert not verify_raw(
        public_key, message, signature, Algorithm.ML_DSA_44
    )  # ours has no context
    with pytest.raises(InvalidSignature):
        key.verify(signature, message + b"\x00", context)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_key_of_each_algorithm_seals_what_it_verifies(algorithm: Algorithm) -> None:
    own = signer(algorithm)

    seal = own.seal(b"words")

    assert len(own.public_key) == PUBLIC_KEY_LENGTH[algorithm]
    assert (seal.algorithm, seal.key_id) == (algorithm, own.key_id)
    assert verify_detached(own.public_key, Purpose.OPINION, b"words", seal.value, algorithm)
    assert not verify_detached(own.public_key, Purpose.CONTRACT, b"words", seal.value, algorithm)
    assert not verify_detached(own.public_key, Purpose.OPINION, b"wordz", seal.value, algorithm)


@pytest.mark.parametrize("of_the_key", list(Algorithm))
@pytest.mark.parametrize("named", [*Algorithm, "rsa", "none", "", "ED25519"])
def test_a_signature_that_names_another_algorithm_than_its_key_is_refused(
    of_the_key: Algorithm, named: str
) -> None:
    own = signer(of_the_key)
    seal = msgspec.structs.replace(own.seal(b"words"), algorithm=named)

    fault = fault_of(
        seal,
        algorithm=of_the_key,
        public_key=own.public_key,
        purpose=Purpose.OPINION,
        document=b"words",
    )

    assert fault is (None if named == of_the_key else SignatureFault.ALGORITHM)


def test_a_key_of_an_algorithm_that_is_not_ours_verifies_nothing() -> None:
    own = signer(Algorithm.ED25519)
    seal = Signature(key_id=own.key_id, value=own.sign(b"words"), algorithm="rsa")

    fault = fault_of(
        seal, algorithm="rsa", public_key=own.public_key, purpose=Purpose.OPINION, document=b"words"
    )

    assert fault is SignatureFault.ALGORITHM
    assert find_algorithm("rsa") is None


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_wrong_signature_of_the_right_algorithm_does_not_match(algorithm: Algorithm) -> None:
    own = signer(algorithm)

    for other in Algorithm:
        seal = Signature(
            key_id=own.key_id, value=signer(other).sign(b"other words"), algorithm=algorithm.value
        )
        assert fault_of(
            seal,
            algorithm=algorithm,
            public_key=own.public_key,
            purpose=Purpose.OPINION,
            document=b"words",
        ) is SignatureFault.VALUE  # fmt: skip


@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
def test_a_secret_has_32_bytes_whatever_it_is_for(algorithm: Algorithm, secret: bytes) -> None:
    with pytest.raises(ValueError, match="32"):
        from_secret(algorithm, secret)


@pytest.mark.parametrize("algorithm", OF_PARTIES)
def test_a_party_proves_possession_by_the_algorithm_of_its_key(algorithm: Algorithm) -> None:
    private = from_secret(algorithm, SECRET)
    said = possession.statement(PARTY, Purpose.CONTRACT, private.public_key, algorithm)
    proof = private.sign(said)

    possession.check(PARTY, Purpose.CONTRACT, private.public_key, proof, algorithm)

    with pytest.raises(possession.PossessionNotProven):
        possession.check(PARTY, Purpose.OPINION, private.public_key, proof, algorithm)
    for other in set(OF_PARTIES) - {algorithm}:
        with pytest.raises(possession.KeyMalformed) as refused:
            possession.check(PARTY, Purpose.CONTRACT, private.public_key, proof, other)
        assert refused.value.facts["expected"] == PUBLIC_KEY_LENGTH[other]
    assert (b"algorithm" in said) is (algorithm is not Algorithm.ED25519)


def test_a_key_that_lies_elsewhere_signs_as_one_that_was_read() -> None:
    elsewhere = from_secret(Algorithm.ED25519, SECRET)

    held = Signer(Purpose.OPINION, elsewhere)

    assert held.seal(b"words") == signer(Algorithm.ED25519).seal(b"words")


def test_no_party_registers_a_key_by_which_only_papers_are_sealed() -> None:
    private = from_secret(Algorithm.P256, SECRET)
    said = possession.statement(PARTY, Purpose.CONTRACT, private.public_key, Algorithm.P256)

    with pytest.raises(possession.AlgorithmNotForParties):
        possession.check(
            PARTY, Purpose.CONTRACT, private.public_key, private.sign(said), Algorithm.P256
        )


@pytest.mark.parametrize("purpose", list(Purpose))
def test_papers_are_sealed_by_p256_and_all_else_is_signed_by_ed25519(purpose: Purpose) -> None:
    expected = Algorithm.P256 if purpose is Purpose.PAPER else Algorithm.ED25519

    assert Signer(purpose, SECRET).algorithm is expected
