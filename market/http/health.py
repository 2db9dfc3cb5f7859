"""Say whether the process lives and whether it can work (健康检查)."""

from __future__ import annotations

import shutil

from litestar import Response, get

from catalog.kernel.actor import system
from catalog.kernel.db import begin
from market.http.context import AnyRequest, context

LEAST_FREE_BYTES = 200 * 1024 * 1024


@get("/healthz/live", include_in_schema=True, summary="The process lives", tags=["house"])
async def live() -> dict[str, str]:
    """Answer as long as the event loop turns. Asks nobody else."""
    return {"status": "ok"}


@get("/healthz/ready", summary="The service can work", tags=["house"])
async def ready(request: AnyRequest) -> Response[dict[str, object]]:
    """Answer 200 when database, schema, keys and disk allow work, 503 with the reason when not."""
    wiring = context(request)
    checks: dict[str, object] = {}
    try:
        async with begin(wiring.db, system("health")) as tx:
            checks["schema"] = await tx.fetch_value("SELECT version_num FROM public.schema_version")
        checks["database"] = "ok"
    except Exception as error:  # whatever it is, the answer is "not ready"
        checks["database"] = type(error).__name__
    checks["signing_keys"] = "ok" if wiring.signers else "missing"
    free = shutil.disk_usage(wiring.settings.data_dir).free
    checks["disk"] = "ok" if free > LEAST_FREE_BYTES else f"only {free // 2**20} MiB free"
    good = checks["database"] == "ok" and checks["disk"] == "ok" and bool(wiring.signers)
    return Response(
        {"status": "ok" if good else "unavailable", **checks}, status_code=200 if good else 503
    )
