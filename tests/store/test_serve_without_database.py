"""A service whose own database was killed ends and says so; started again it is as before."""

from __future__ import annotations

import asyncio
import pathlib
import sys

import httpx
import pytest

from tests.campaigns.service_under_fire import Kill, NotThere, Service

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


async def ready(service: Service) -> None:
    """Wait until the service can work."""
    async with httpx.AsyncClient(base_url=service.url, trust_env=False) as http:
        for _ in range(900):
            service.check_alive()
            try:
                answer = await http.get("/healthz/ready")
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 200:
                return
            await asyncio.sleep(0.1)
    pytest.fail("it never was ready")


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_service_without_its_database_ends_and_is_well_when_started_again(
    tmp_path: pathlib.Path, workers: int
) -> None:
    service = Service(tmp_path / "data", workers=workers)
    service.start()
    try:
        await ready(service)

        await service.kill_database_alone()

        assert await service.ended_by_itself() == 1
        assert "数据库意外终止" in service.log.read_text()
        with pytest.raises(NotThere):
            service.dsn()
        service.start()
        await ready(service)
    finally:
        await service.kill(Kill.EVERYTHING)
