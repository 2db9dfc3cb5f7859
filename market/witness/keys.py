"""Let a witness follow its logs to the keys that they announce (跟随密钥), by what they publish.

A witness does not read a log. It looks up the entry of a notice in the public files, and its proof under the
checkpoint that it cosigned last: so the keys that it knew vouch for the next one, and nobody else.
"""

from __future__ import annotations

import threading
from typing import Final

import httpx
import msgspec
import structlog

from catalog.audit_log import key_notices
from catalog.monitoring.alerts import Kind, Wrong
from catalog.witnessing.disk import Witness
from market.monitor import keys
from market.monitor.files import LogFiles

_log: Final = structlog.get_logger("witness")


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a log's keys found."""

    origin: str
    new: tuple[str, ...] = ()  # what became of which key
    wrong: tuple[str, ...] = ()
    is_reached: bool = True


def look(witness: Witness, client: httpx.Client) -> list[Looked]:
    """Look once at every log whose addresses are known and of which something was cosigned."""
    found = []
    for log, held in witness.logs():
        if log.url is None or log.keys_url is None or not held.size:
            continue
        files = LogFiles(log.url, client)
        before = witness.keys_of(log)
        try:
            told = keys.told_at(files, log.keys_url)
            after, faults = keys.follow(files, before, told, held.size, held.root)
        except Wrong as wrong:
            is_reached = wrong.alert.kind is not Kind.UNREACHABLE
            why = (str(wrong),)
            found.append(Looked(origin=log.origin, wrong=why, is_reached=is_reached))
            continue
        new = [key_notices.read(row.note) for row in after.notices if row not in before.notices]
        if new:
            witness.follow_keys(log, after)
        found.append(
            Looked(
                origin=log.origin,
                new=tuple(f"{each.action} {each.key}" for each in new),
                wrong=tuple(f"notice {each.index}: {each.reason}" for each in faults),
            )
        )
    return found


def follow(witness: Witness, every: float, is_over: threading.Event) -> None:
    """Look again and again, and say in the log what came of it, until it is over."""
    with httpx.Client(trust_env=False) as client:
        while not is_over.wait(every):
            try:
                found = look(witness, client)
            except Exception:  # noqa: BLE001 - whatever it is, it is told, and tried again
                _log.exception("keys_not_looked_at")
                continue
            for each in found:
                for new in each.new:
                    _log.info("key_followed", log=each.origin, change=new)
                for why in each.wrong:
                    say = _log.error if each.is_reached else _log.warning
                    say("key_not_followed", log=each.origin, why=why)
