"""Make keys, split their secret among custodians, and write down what was done (举行密钥仪式)."""

from __future__ import annotations

import pathlib
import platform
import secrets
import socket
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from catalog.kernel.clock import SystemClock
from catalog.key_custody import disk, making, shares, transcript
from catalog.signing.algorithms import SECRET_LENGTH
from market.settings import Settings


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which keys, for whom, before whom, and where the sheets go."""

    settings: Settings
    names: Sequence[str]
    existing: str | None  # a key of the service, split instead of new ones
    threshold: int
    people: Sequence[str]
    sign_keys: Mapping[str, pathlib.Path]
    seal_keys: Mapping[str, pathlib.Path]
    present: Sequence[str]
    place: str
    out: pathlib.Path


class _Made(msgspec.Struct, frozen=True):
    """The secret, and the keys that are made of it."""

    master: bytes
    signers: Mapping[str, Any]


class _Share(msgspec.Struct, frozen=True):
    """What one custodian is given."""

    number: int
    name: str
    words: str


async def hold(asked: Asked) -> None:
    """Hold the ceremony.

    :raises CustodiansUnusable: if custodians stand twice, or a key belongs to none of them.
    :raises ThresholdUnusable: if so many shares are not needed of so many.
    """
    custodians = transcript.check_custodians(asked.people)
    shares.check_threshold(asked.threshold, len(custodians))
    if {*asked.sign_keys, *asked.seal_keys} - set(custodians):
        raise transcript.CustodiansUnusable(names=sorted({*asked.sign_keys, *asked.seal_keys}))
    to_sign = {name: disk.public_key_to_sign(path) for name, path in asked.sign_keys.items()}
    to_seal = {name: disk.signer_to_seal(path) for name, path in asked.seal_keys.items()}
    names = [asked.existing] if asked.existing else dict.fromkeys(asked.names)
    wanted = [making.wanted(name) for name in names]
    disk.empty(asked.out)

    ceremony_id = str(uuid.uuid4())
    steps = [_step("仪式开始", "the ceremony began")]
    made = _make(asked, wanted, ceremony_id, steps)
    given = _split(made.master, asked.threshold, custodians, steps)
    told = transcript.Transcript(
        format=transcript.FORMAT,
        ceremony_id=ceremony_id,
        place=asked.place,
        present=tuple(asked.present),
        machine=_machine(),
        threshold=asked.threshold,
        custodians=tuple(
            transcript.Custodian(
                number=share.number,
                name=share.name,
                share_sha256=shares.digest_of(share.words),
                is_sealed=share.name in to_seal,
                public_key=to_sign.get(share.name),
            )
            for share in given
        ),
        keys=_told_keys(made, is_derived=asked.existing is None),
        steps=tuple(steps),
    )
    sheets = [disk.Sheet(s.number, s.name, s.words, to_seal.get(s.name)) for s in given]
    disk.write(asked.out, _signed(told, made), told, sheets)


def _step(zh: str, en: str) -> transcript.Step:
    return transcript.step(SystemClock().now(), zh, en)


def _make(
    asked: Asked, wanted: Sequence[making.Wanted], ceremony_id: str, steps: list[transcript.Step]
) -> _Made:
    if asked.existing is not None:
        master = _secret_of(asked.settings, wanted[0])
        steps.append(_step("读取已有密钥", "the existing key was read"))
        return _Made(master, {asked.existing: making.signer_with(master, wanted[0])})
    master = secrets.token_bytes(SECRET_LENGTH)
    signers = {key.name: making.signer_of(master, ceremony_id, key) for key in wanted}
    steps.append(_step("生成密钥", "the keys were made"))
    return _Made(master, signers)


def _split(
    master: bytes, threshold: int, custodians: Sequence[str], steps: list[transcript.Step]
) -> list[_Share]:
    words = shares.split(master, threshold=threshold, people=len(custodians))
    zh = f"分割为 {len(words)} 份，需 {threshold} 份"
    en = f"its secret was split into {len(words)} shares, {threshold} of them needed"
    steps.append(_step(zh, en))
    for some in (words[:threshold], words[-threshold:]):
        assert shares.combine(some).secret == master, "shares make the secret again"
    steps.append(_step("试恢复成功", "some of the shares made the same keys again"))
    steps.append(_step("份额交付保管人", "each custodian was given a share"))
    return [
        _Share(number, name, share)
        for number, (name, share) in enumerate(zip(custodians, words, strict=True), 1)
    ]


def _told_keys(made: _Made, *, is_derived: bool) -> tuple[transcript.MadeKey, ...]:
    return tuple(
        transcript.MadeKey(
            name=name,
            algorithm=signer.algorithm.value,
            key_id=signer.key_id,
            public_key=signer.public_key,
            is_derived=is_derived,
        )
        for name, signer in made.signers.items()
    )


def _signed(told: transcript.Transcript, made: _Made) -> Any:
    """Return the transcript with the signature of each key that was made."""
    file = transcript.signed(told)
    for name, signer in made.signers.items():
        value = signer.sign_framed(transcript.message(file.document))
        file = transcript.with_signature(file, f"key:{name}", value)
    return file


def _secret_of(settings: Settings, wanted: making.Wanted) -> bytes:
    from catalog.signing import disk as keys
    from catalog.signing import key_files
    from market.app import key_passphrase

    path = keys.path_of(settings.keys_dir, wanted.purpose, wanted.algorithm)
    passphrase = key_passphrase(settings)
    keys.read_signer(settings.keys_dir, wanted.purpose, wanted.algorithm, passphrase=passphrase)
    return key_files.decode(wanted.algorithm, path.read_bytes(), passphrase)


def _machine() -> transcript.Machine:
    packages = [
        pathlib.Path(__file__).parents[2] / name for name in ("catalog", "settlement", "market")
    ]
    return transcript.Machine(
        host=socket.gethostname(),
        system=platform.platform(),
        python=platform.python_version(),
        software_sha256=disk.software_digest(packages),
    )
