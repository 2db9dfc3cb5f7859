"""The sandbox plays a bank, with a key of its own for each installation."""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
import stat
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from catalog.kernel.ids import new_id
from market.channels.mischief import Mischief
from market.channels.sandbox import SandboxChannel
from market.settings import Settings
from settlement.payments.callback import SignatureWrong, authenticate
from settlement.payments.channel import (
    Channel,
    ChannelSilent,
    EventKind,
    PaymentRequest,
    Standing,
    Told,
)
from tests.store.money import NOON

LATER = NOON + dt.timedelta(days=1)


def _request() -> PaymentRequest:
    return PaymentRequest(
        reference="P1", order_id=new_id(), amount_fen=100, currency="CNY", expires_at=NOON
    )


def test_what_the_sandbox_confirms_is_believed(tmp_path: pathlib.Path) -> None:
    channel: Channel = SandboxChannel(Settings(data_dir=tmp_path))
    assert isinstance(channel, SandboxChannel)

    instruction = asyncio.run(channel.prepare(_request()))
    told = channel.confirm(_request(), now=NOON)

    event = authenticate(channel.secret, channel.name, told, NOON)
    assert (event.reference, event.amount_fen, event.kind) == ("P1", 100, EventKind.SUCCEEDED)
    assert "P1" in instruction.pay_at


def test_a_confirmation_sent_again_is_the_same_event_with_a_new_nonce(
    tmp_path: pathlib.Path,
) -> None:
    channel = SandboxChannel(Settings(data_dir=tmp_path))

    first = channel.confirm(_request(), now=NOON)
    second = channel.confirm(_request(), now=NOON)
    restarted = SandboxChannel(Settings(data_dir=tmp_path)).confirm(_request(), now=LATER)
    failed = channel.confirm(_request(), now=NOON, kind=EventKind.FAILED)

    assert first.body == second.body == restarted.body
    assert first.nonce != second.nonce
    assert failed.body != first.body


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: pathlib.Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: SandboxChannel(settings).secret, range(32)))

    (path,) = settings.keys_dir.iterdir()  # no draft is left over
    assert set(made) == {path.read_bytes()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(made[0]) == 32


def test_another_installation_is_not_believed(tmp_path: pathlib.Path) -> None:
    ours = SandboxChannel(Settings(data_dir=tmp_path / "ours"))
    theirs = SandboxChannel(Settings(data_dir=tmp_path / "theirs"))

    told = theirs.confirm(_request(), now=NOON)

    with pytest.raises(SignatureWrong):
        authenticate(ours.secret, ours.name, told, NOON)
    with pytest.raises(SignatureWrong):
        authenticate(theirs.secret, theirs.name, msgspec.structs.replace(told, nonce="other"), NOON)


async def test_the_bank_is_asked_for_what_it_did_not_tell(tmp_path: pathlib.Path) -> None:
    channel = SandboxChannel(Settings(data_dir=tmp_path))
    before = await channel.ask("P1")

    sent = channel.misbehave(_request(), Mischief.LOST, now=NOON)
    after = await SandboxChannel(Settings(data_dir=tmp_path)).ask("P1")

    assert before == Told(standing=Standing.WAITING)
    assert sent == ()
    assert after.standing is Standing.PAID
    assert after.event is not None
    assert (after.event.amount_fen, after.event.happened_at) == (100, NOON)


async def test_a_silent_bank_answers_again_once_it_was_paid(tmp_path: pathlib.Path) -> None:
    channel = SandboxChannel(Settings(data_dir=tmp_path))
    channel.misbehave(_request(), Mischief.SILENT, now=NOON)

    with pytest.raises(ChannelSilent):
        await channel.ask("P1")
    channel.confirm(_request(), now=NOON)

    assert (await channel.ask("P1")).standing is Standing.PAID
