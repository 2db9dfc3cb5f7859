"""Set what a rulebook leaves open (规则设置); cases filed before stay as they are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid
from catalog.kernel.local_time import local_date
from catalog.rulebooks import registry, settings, store
from catalog.rulebooks.settings import Setting


class SettingReasonMissing(Invalid):
    """Whoever sets a value says why."""

    code = "rulebook_setting_reason_missing"


async def set_value(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    code: str,
    name: str,
    value: Any,
    effective_from: dt.date,
    reason: str,
) -> Setting:
    """Set a value from a day on, for cases that are filed then or later.

    :raises NotPermitted: if the actor may not set rulebooks.
    :raises RulebookUnknown: if there is no such rulebook.
    :raises SettingUnknown: if the value stands in the text or does not exist.
    :raises SettingValueInvalid: if it can not be that.
    :raises SettingRetroactive: if the day is not in the future.
    :raises SettingReasonMissing: if no reason is given.
    """
    actor.require("rulebook:set")
    rulebook = registry.by_code(code)
    kept = settings.check(rulebook, name, value)
    settings.check_day(effective_from, local_date(now))
    if not reason.strip():
        raise SettingReasonMissing
    setting = Setting(
        rulebook=code,
        name=name,
        value=kept,
        effective_from=effective_from,
        reason=reason,
        set_by=actor.name,
        set_at=now,
    )
    before = settings.overlay(rulebook, await store.list_of(tx, code, through=effective_from))
    await store.insert(tx, setting)
    await audit_log.append(
        tx,
        Event.RULEBOOK_SET,
        actor=actor,
        now=now,
        subjects=[Subject("rulebook", code)],
        facts={"name": name, "effective_from": effective_from},
        before={"value": msgspec.to_builtins(getattr(before, name))},
        after={"value": kept},
        reason=reason,
        rules=("HN-29",),
    )
    return setting
