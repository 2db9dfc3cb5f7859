"""Run the jobs in turn, for ever, in every worker. A job that fails does not stop the others."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from catalog.kernel.db import DatabaseUnreachable
from catalog.kernel.periods import CHOSEN, Period, Unit
from market.http.context import Context
from market.jobs import (
    add_up_labels,
    agencies_due,
    allowed_revenue_due,
    approvals_due,
    ask_channels,
    ask_witnesses,
    auctions_due,
    certificates_due,
    charge_usage,
    chargebacks_due,
    close_denials,
    close_periods,
    complaints_due,
    count_key_use,
    credit_due,
    deadlines_due,
    deliver_negotiations,
    deliver_notifications,
    deliver_webhooks,
    demand_posts_due,
    deposits_due,
    disclosures_due,
    disputes_due,
    follow_catalogue,
    harvest_sources,
    holds_due,
    index_log,
    keys_due,
    notice_channels,
    notices_due,
    open_plans_due,
    orders_due,
    profile_contents,
    publish_heads,
    quotes_due,
    reconcile_statements,
    refunds_due,
    release_escrow,
    replay_ledger,
    reports_due,
    retentions_due,
    roll_up_ledger,
    saved_searches_due,
    send_payouts,
    sequence_log,
    silence_due,
    stamp_checkpoints,
    take_batches,
    tell_downloads,
    terms_due,
    watch,
)
from market.metrics import counted
from market.webhooks.disk import box as webhook_box

_log = structlog.get_logger("jobs")


async def _sequence(context: Context) -> int:
    return await sequence_log.run(
        context.db,
        now=context.now(),
        signer=context.log_signer,
        journal=context.checkpoint_journal,
        clock=context.now,
        directory=context.log_directory,
    )


async def _denials(context: Context) -> int:
    return await close_denials.run(context.db, now=context.now())


async def _deadlines(context: Context) -> int:
    return await deadlines_due.run(context.db, now=context.now())


async def _notices(context: Context) -> int:
    return await notices_due.run(context.db, now=context.now())


async def _agencies(context: Context) -> int:
    return await agencies_due.run(context.db, now=context.now())


async def _terms(context: Context) -> int:
    return await terms_due.run(context.db, now=context.now())


async def _silence(context: Context) -> int:
    return await silence_due.run(context.db, now=context.now())


async def _disputes(context: Context) -> int:
    return await disputes_due.run(context.db, now=context.now())


async def _complaints(context: Context) -> int:
    return await complaints_due.run(context.db, now=context.now())


async def _credit(context: Context) -> int:
    return await credit_due.run(context.db, now=context.now())


async def _certificates(context: Context) -> int:
    return await certificates_due.run(context.db, now=context.now())


async def _approvals(context: Context) -> int:
    return await approvals_due.run(context.db, now=context.now())


async def _negotiations(context: Context) -> int:
    return await deliver_negotiations.run(context.db, now=context.now())


async def _auctions(context: Context) -> int:
    return await auctions_due.run(context.db, now=context.now())


async def _retentions(context: Context) -> int:
    return await retentions_due.run(context.db, now=context.now())


async def _deposits(context: Context) -> int:
    return await deposits_due.run(context.db, now=context.now())


async def _orders(context: Context) -> int:
    return await orders_due.run(context.db, now=context.now())


async def _usage(context: Context) -> int:
    settings = context.settings
    unit = Unit.WORKING_DAYS if settings.arrears_in_working_days else Unit.DAYS
    within = Period(settings.arrears_days, unit, CHOSEN)
    open_for = dt.timedelta(minutes=settings.usage_window_minutes)
    return await charge_usage.run(context.db, now=context.now(), within=within, open_for=open_for)


async def _escrow(context: Context) -> int:
    return await release_escrow.run(context.db, now=context.now())


async def _chargebacks(context: Context) -> int:
    return await chargebacks_due.run(context.db, now=context.now())


async def _holds(context: Context) -> int:
    return await holds_due.run(context.db, now=context.now())


async def _periods(context: Context) -> int:
    return await close_periods.run(context.db, now=context.now())


async def _payouts(context: Context) -> int:
    return await send_payouts.run(context.db, now=context.now())


async def _reconcile(context: Context) -> int:
    return await reconcile_statements.run(context.db, now=context.now())


async def _watch(context: Context) -> int:
    return await watch.run(context.db, now=context.now())


async def _reports(context: Context) -> int:
    return await reports_due.run(context.db, now=context.now())


async def _notifications(context: Context) -> int:
    return await deliver_notifications.run(context.db, clock=context.now, carriers=context.carriers)


async def _webhooks(context: Context) -> int:
    return await deliver_webhooks.run(
        context.db,
        clock=context.now,
        sender=context.webhook_sender,
        box=webhook_box(context.settings.keys_dir),
    )


async def _saved_searches(context: Context) -> int:
    return await saved_searches_due.run(context.db, now=context.now(), synonyms=context.synonyms)


async def _demand_posts(context: Context) -> int:
    return await demand_posts_due.run(
        context.db, now=context.now(), port=context.search, synonyms=context.synonyms
    )


async def _quotes(context: Context) -> int:
    return await quotes_due.run(context.db, now=context.now())


async def _index(context: Context) -> int:
    return await index_log.run(context.db)


async def _follow(context: Context) -> int:
    return await follow_catalogue.run(context.search_follower, now=context.now())


async def _ledger(context: Context) -> int:
    return await roll_up_ledger.run(context.db, now=context.now())


async def _labels(context: Context) -> int:
    return await add_up_labels.run(context.db)


async def _open_plans(context: Context) -> int:
    return await open_plans_due.run(context.db, now=context.now())


async def _downloads(context: Context) -> int:
    return await tell_downloads.run(context.db, now=context.now())


async def _key_use(context: Context) -> int:
    if context.key_use is None:
        return 0
    return await count_key_use.run(context.db, now=context.now(), use=context.key_use)


async def _heads(context: Context) -> int:
    every = dt.timedelta(seconds=context.settings.heads_every_seconds)
    return await publish_heads.run(context.db, now=context.now(), every=every)


async def _allowed_revenue(context: Context) -> int:
    return await allowed_revenue_due.run(context.db, now=context.now())


async def _disclosures(context: Context) -> int:
    return await disclosures_due.run(context.db, now=context.now())


async def _keys(context: Context) -> int:
    return await keys_due.run(context.db, now=context.now(), signer=context.log_signer)


JOBS: Final[tuple[tuple[str, Callable[[Context], Awaitable[int]]], ...]] = (
    ("notices_due", _notices),  # first: what ends by itself is not to be marked overdue
    ("agencies_due", _agencies),
    ("silence_due", _silence),
    ("terms_due", _terms),
    ("disputes_due", _disputes),
    ("complaints_due", _complaints),
    ("deadlines_due", _deadlines),
    ("certificates_due", _certificates),
    ("credit_due", _credit),
    ("approvals_due", _approvals),
    ("deliver_negotiations", _negotiations),
    ("orders_due", _orders),
    ("auctions_due", _auctions),
    ("deposits_due", _deposits),
    ("retentions_due", _retentions),
    ("charge_usage", _usage),
    ("holds_due", _holds),
    ("chargebacks_due", _chargebacks),
    ("release_escrow", _escrow),
    ("close_periods", _periods),
    ("send_payouts", _payouts),
    ("reconcile_statements", _reconcile),
    ("allowed_revenue_due", _allowed_revenue),
    ("disclosures_due", _disclosures),
    ("reports_due", _reports),
    ("saved_searches_due", _saved_searches),
    ("demand_posts_due", _demand_posts),
    ("quotes_due", _quotes),
    ("close_denials", _denials),
    ("tell_downloads", _downloads),
    ("open_plans_due", _open_plans),
    ("count_key_use", _key_use),
    ("roll_up_ledger", _ledger),
    ("watch", _watch),
    ("keys_due", _keys),
    ("publish_heads", _heads),
)

# A round of its own, several times a second: who got a receipt need not wait for the other jobs.
LOG: Final[tuple[tuple[str, Callable[[Context], Awaitable[int]]], ...]] = (
    ("sequence_log", _sequence),
)

# Catching up with a long log takes seconds, for which no other job waits.
SEARCH: Final[tuple[tuple[str, Callable[[Context], Awaitable[int]]], ...]] = (
    ("index_log", _index),
)

# Each search reads for itself what the index lacks; the less that is, the faster it is.
CATALOGUE: Final[tuple[tuple[str, Callable[[Context], Awaitable[int]]], ...]] = (
    ("follow_catalogue", _follow),
    ("add_up_labels", _labels),
)


async def _profiles(context: Context) -> int:
    return await profile_contents.run(
        context.db, clock=context.now, cage=context.cage, directory=context.settings.files_dir
    )


# Reading a large table takes up to two minutes, for which no other job waits.
CONTENTS: Final[tuple[tuple[str, Callable[[Context], Awaitable[int]]], ...]] = (
    ("profile_contents", _profiles),
)


async def _batches(context: Context) -> int:
    return await take_batches.run(context)


# A file of many products takes a minute, for which no other job waits.
BATCHES: Final[tuple[tuple[str, Callable[[Context], Awaitable[int]]], ...]] = (
    ("take_batches", _batches),
)


async def _notice_channels(context: Context) -> int:
    return await notice_channels.run(
        context.db,
        clock=context.now,
        public_url=context.settings.public_url,
        channels=context.notice_channels,
        check_every=dt.timedelta(seconds=context.settings.notice_check_seconds),
    )


async def _witnesses(context: Context) -> int:
    return await ask_witnesses.run(
        context.db,
        clock=context.now,
        witnesses=context.witnesses,
        every=dt.timedelta(seconds=context.settings.witness_every_seconds),
        alarm_after=dt.timedelta(seconds=context.settings.witness_alarm_seconds),
    )


async def _timestamps(context: Context) -> int:
    return await stamp_checkpoints.run(
        context.db,
        clock=context.now,
        authorities=context.timestamping,
        every=dt.timedelta(seconds=context.settings.timestamp_every_seconds),
        alarm_after=dt.timedelta(seconds=context.settings.timestamp_alarm_seconds),
    )


async def _harvest(context: Context) -> int:
    if context.harvest_fetcher is None:
        return 0
    return await harvest_sources.work(
        context.db, clock=context.now, cage=context.cage, fetcher=context.harvest_fetcher
    )


# One page of a foreign catalogue takes as long as its server; nothing else waits for it.
HARVEST: Final[tuple[tuple[str, Callable[[Context], Awaitable[int]]], ...]] = (
    ("harvest_sources", _harvest),
)


async def _replays(context: Context) -> int:
    return await replay_ledger.run(context.db, clock=context.now)


# A replay reads the whole journal; nothing else waits for it.
REPLAYS: Final[tuple[tuple[str, Callable[[Context], Awaitable[int]]], ...]] = (
    ("replay_ledger", _replays),
)


async def _refunds(context: Context) -> int:
    return await refunds_due.run(context.db, now=context.now(), channels=context.channels)


async def _channels(context: Context) -> int:
    return await ask_channels.run(context.db, now=context.now(), channels=context.channels)


# These wait for others' servers, so that they have a round of their own.
OUTBOUND: Final[tuple[tuple[str, Callable[[Context], Awaitable[int]]], ...]] = (
    ("deliver_notifications", _notifications),
    ("ask_channels", _channels),
    ("refunds_due", _refunds),
    ("notice_channels", _notice_channels),
    ("ask_witnesses", _witnesses),
    ("stamp_checkpoints", _timestamps),
)


# An endpoint that does not answer holds up no other server's turn.
WEBHOOKS: Final[tuple[tuple[str, Callable[[Context], Awaitable[int]]], ...]] = (
    ("deliver_webhooks", _webhooks),
)


async def run_once(context: Context) -> dict[str, int]:
    """Run every job once and return what each did. A fault in one is logged and passed over."""
    return await _run_each(
        (
            *OUTBOUND,
            *JOBS,
            *BATCHES,
            *CONTENTS,
            *HARVEST,
            *REPLAYS,
            *LOG,
            *SEARCH,
            *CATALOGUE,
            *WEBHOOKS,
        ),
        context,
    )  # so that all is in the log


async def _run_each(
    jobs: tuple[tuple[str, Callable[[Context], Awaitable[int]]], ...], context: Context
) -> dict[str, int]:
    done: dict[str, int] = {}
    for name, job in jobs:
        try:
            done[name] = await job(context)
        except DatabaseUnreachable:
            _log.warning("job_waits_for_the_database", job=name)
            done[name] = -1
        except Exception as error:  # noqa: BLE001 - the next round tries again
            _log.error("job_failed", job=name, exc_info=error)
            counted.job_failure(name)
            done[name] = -1
    return done


#: Who waited for the service to start is answered before all jobs begin at once; the log waits for nobody.
_FIRST_SECONDS: Final = 0.5


async def run_until_stopped(context: Context) -> None:
    """Run the jobs again and again until cancelled."""

    async def rounds(
        jobs: tuple[tuple[str, Callable[[Context], Awaitable[int]]], ...], pause_seconds: float
    ) -> None:
        if jobs is not LOG:
            await asyncio.sleep(_FIRST_SECONDS)
        while True:
            await _run_each(jobs, context)
            await asyncio.sleep(pause_seconds)

    await asyncio.gather(
        rounds(JOBS, context.settings.job_interval_seconds),
        rounds(LOG, context.settings.log_interval_seconds),
        rounds(SEARCH, context.settings.job_interval_seconds),
        rounds(CATALOGUE, context.settings.search_interval_seconds),
        rounds(CONTENTS, context.settings.job_interval_seconds),
        rounds(HARVEST, context.settings.job_interval_seconds),
        rounds(REPLAYS, context.settings.job_interval_seconds),
        rounds(OUTBOUND, context.settings.job_interval_seconds),
        rounds(WEBHOOKS, context.settings.job_interval_seconds),
        rounds(BATCHES, context.settings.job_interval_seconds),
    )
