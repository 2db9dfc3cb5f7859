"""Say whether the process lives and whether it can work (健康检查)."""

from __future__ import annotations

import datetime as dt
import shutil

import msgspec
from litestar import Response, get

from catalog.kernel.actor import system
from catalog.kernel.db import begin
from catalog.search import queries as search
from catalog.search.disk import faults
from catalog.search.model import IndexStanding
from catalog.timestamps import queries as stamps
from catalog.witnessing import queries as witnessing
from market.http.answers import answers
from market.http.context import AnyRequest, Context, context

LEAST_FREE_BYTES = 200 * 1024 * 1024
# [P] an index follows several times a second; a minute is many rounds that did not work.
SEARCH_ALARM_AFTER = dt.timedelta(minutes=1)


class Alive(msgspec.Struct, frozen=True):
    """That the process lives."""

    status: str = "ok"


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the service can work, and what each part of it says."""

    status: str
    database: str
    schema: str | None
    signing_keys: str
    disk: str
    witnesses: str  # never a reason to be unavailable: the log goes on without them
    timestamps: str  # likewise
    search: str  # likewise: without an index PostgreSQL answers, more slowly


@get(
    "/healthz/live",
    include_in_schema=True,
    summary="The process lives",
    tags=["house"],
    opt=answers(Alive),
)
async def live() -> Alive:
    """Answer as long as the event loop turns. Asks nobody else."""
    return Alive()


@get(
    "/healthz/ready",
    summary="The service can work",
    tags=["house"],
    opt=answers(Readiness, 200, 503),
)
async def ready(request: AnyRequest) -> Response[Readiness]:
    """Answer 200 when database, schema, keys and disk allow work, 503 with the reason when not."""
    wiring = context(request)
    schema, database, witnesses, timestamps, index = None, "ok", "none", "none", "none"
    try:
        async with begin(wiring.db, system("health")) as tx:
            schema = await tx.fetch_value("SELECT version_num FROM public.schema_version")
            if wiring.witnesses is not None:
                witnesses = _witnesses(wiring, await witnessing.waits_since(tx))
            if wiring.timestamping is not None:
                timestamps = _timestamps(wiring, await stamps.waits_since(tx))
            if wiring.search is not None:
                standing = await faults.answered(
                    wiring.search, lambda port: search.get_standing(tx, port)
                )
                index = _search(wiring, standing)
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is "not ready"
        database = type(error).__name__
    free = shutil.disk_usage(wiring.settings.data_dir).free
    has_room = free > LEAST_FREE_BYTES
    good = database == "ok" and has_room and bool(wiring.signers)
    readiness = Readiness(
        status="ok" if good else "unavailable",
        database=database,
        schema=schema,
        signing_keys="ok" if wiring.signers else "missing",
        disk="ok" if has_room else f"only {free // 2**20} MiB free",
        witnesses=witnesses,
        timestamps=timestamps,
        search=index,
    )
    return Response(readiness, status_code=200 if good else 503)


def _witnesses(wiring: Context, since: dt.datetime | None) -> str:
    alarm_after = dt.timedelta(seconds=wiring.settings.witness_alarm_seconds)
    is_missing = since is not None and wiring.now() >= since + alarm_after
    return f"quorum missing since {since.isoformat()}" if since and is_missing else "ok"


def _timestamps(wiring: Context, since: dt.datetime | None) -> str:
    alarm_after = dt.timedelta(seconds=wiring.settings.timestamp_alarm_seconds)
    is_missing = since is not None and wiring.now() >= since + alarm_after
    return f"missing since {since.isoformat()}" if since and is_missing else "ok"


def _search(wiring: Context, standing: IndexStanding) -> str:
    if not standing.is_answering:
        return "answered by the database: the index is missing or too far behind"
    since = standing.behind_since
    is_late = since is not None and wiring.now() >= since + SEARCH_ALARM_AFTER
    return f"behind since {since.isoformat()}" if since and is_late else "ok"
