"""Follow all logs of a monitor in turn, and tell what was found: on standard output, and to a webhook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

import httpx
import msgspec
import structlog

from catalog.monitoring import dropping
from catalog.monitoring.alerts import Kind
from catalog.monitoring.db import MonitorDb
from catalog.monitoring.disk import AlertMissing, Followed, Monitor
from catalog.monitoring.dropping import Dropped
from market.monitor import auditing
from market.monitor.auditing import Audited
from market.monitor.files import LogFiles
from market.monitor.following import Follower, Round
from market.monitor.reading import Spread

_TIMEOUT_SECONDS: Final = 10.0
_log = structlog.get_logger("monitor")

Tell = Callable[[bytes], None]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one log: how far it is accepted and read, and which alerts stand."""

    origin: str
    url: str
    size: int
    replayed: int
    under_heads: int
    last_at: str
    alerts: list[str]  # by their keys
    acknowledged: list[str]
    keys: list[str]  # that sign the log now
    dropped: list[Dropped]


class Webhook:
    """Post each line as JSON, with a bearer token if there is one; any 2xx takes it."""

    def __init__(self, url: str, token: str | None, client: httpx.Client) -> None:
        self._url = url
        self._headers = {"content-type": "application/json"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"
        self._client = client

    def take(self, line: bytes) -> bool:
        """Tell whether the other side took a line."""
        try:
            answer = self._client.post(
                self._url, content=line, headers=self._headers, timeout=_TIMEOUT_SECONDS
            )
        except httpx.HTTPError as error:
            _log.warning("webhook_unreachable", why=str(error))
            return False
        if not answer.is_success:
            _log.warning("webhook_refused", status=answer.status_code)
        return answer.is_success


def follow_all(
    monitor: Monitor,
    *,
    now: dt.datetime,
    client: httpx.Client,
    tell: Tell,
    webhook: Webhook | None = None,
    spread: Spread | None = None,
) -> dict[str, Round]:
    """Look at every log once; return what each look found, by origin.

    A line is told until it was taken: after a crash, or by a webhook that was away, it comes again.
    """
    rounds = {}
    for log in monitor.logs():
        with monitor.memory(log.origin) as memory:
            follower = Follower(monitor, log, memory, LogFiles(log.url, client), spread)
            rounds[log.origin] = follower.follow(now)
            _tell(memory, tell, webhook)
    return rounds


def audit_all(
    monitor: Monitor,
    *,
    now: dt.datetime,
    client: httpx.Client,
    tell: Tell,
    webhook: Webhook | None = None,
    spread: Spread | None = None,
) -> list[Audited]:
    """Read all of every log again that was read before; return what each reading found."""
    found = []
    for log in monitor.logs():
        with monitor.memory(log.origin) as memory:
            files = LogFiles(log.url, client)
            found.append(auditing.audit(log, memory, files, now, spread))
            _tell(memory, tell, webhook)
    return found


def _tell(memory: MonitorDb, tell: Tell, webhook: Webhook | None) -> None:
    while lines := memory.outgoing():
        told = []
        for number, line in lines:
            if webhook is not None and not webhook.take(line):
                break
            tell(line)
            told.append(number)
        with memory.together():
            memory.drop_outgoing(told)
        if len(told) < len(lines):
            return


def standing(monitor: Monitor, log: Followed, *, is_glance: bool = False) -> Standing:
    """Return what is known of a log; at a glance, nothing is made or waited for that another writes.

    :raises BusyNow: if it is a glance, and it can not be had at this moment.
    """
    last = monitor.journal(log.origin).last()
    size = 0 if last is None else last.size
    with monitor.memory(log.origin, is_glance=is_glance) as memory:
        progress = memory.progress()
        alerts = memory.alerts()
    return Standing(
        origin=log.origin,
        url=log.url,
        size=size,
        replayed=progress.edge.size,
        under_heads=progress.heads_size,
        last_at=progress.last_at,
        alerts=[each.key for each in alerts if each.acknowledged is None],
        acknowledged=[each.key for each in alerts if each.acknowledged is not None],
        keys=[str(key) for key in monitor.keys_of(log).in_force(max(size - 1, 0))],
        dropped=list(log.dropped),
    )


def kinds_of(standing: Standing) -> list[Kind]:
    """Return what stands that nobody acknowledged."""
    return [Kind(key.partition(":")[0]) for key in standing.alerts]


def acknowledge(monitor: Monitor, origin: str, key: str, reason: str) -> None:
    """Say of an alert that a person saw it, and what came of it; it is told no more.

    :raises LogNotFollowed: if the log is not followed.
    :raises AlertMissing: if no alert stands under this key.
    """
    with monitor.memory(monitor.log(origin).origin) as memory, memory.together():
        for each in memory.alerts():
            if each.key == key:
                memory.put_alert(msgspec.structs.replace(each, acknowledged=reason))
                return
    raise AlertMissing(key=key)


def drop_key(monitor: Monitor, origin: str, vkey: str, *, now: dt.datetime, reason: str) -> Dropped:
    """Trust a key of a log, of its further lines or of its witnesses no more; it is told with the next look.

    :raises LogNotFollowed: if the log is not followed.
    :raises KeyDropped: if it was dropped before.
    :raises KeyNotTrusted: if it is trusted for nothing here.
    """
    return _keep(monitor, origin, monitor.drop_key(origin, vkey, now=now, reason=reason))


def trust_again(
    monitor: Monitor, origin: str, vkey: str, *, now: dt.datetime, reason: str
) -> Dropped:
    """Trust a key again that was dropped by mistake; that it had been stays on record.

    :raises LogNotFollowed: if the log is not followed.
    :raises KeyNotTrusted: if no such key was dropped.
    """
    return _keep(monitor, origin, monitor.trust_again(origin, vkey, now=now, reason=reason))


def _keep(monitor: Monitor, origin: str, dropped: Dropped) -> Dropped:
    # To be told first: killed in between, the command is given again, and it is told once more.
    with monitor.memory(origin) as memory, memory.together():
        memory.put_outgoing([dropping.line(origin, dropped)])
    monitor.keep_dropped(origin, dropped)
    return dropped
