"""Keep the law and the service side by side: the same command to both, and then the same state."""

from __future__ import annotations

import collections
import datetime as dt

from tests.campaigns.register_service import Service
from tests.reference.commands import Command
from tests.reference.register import Register


def denied_as(refused: str | None) -> set[str]:
    """Return what the log may say of a refusal: once, the same one again within a minute is counted."""
    if refused is None:
        return set()
    named = {"unauthenticated": "credential:refused", "permission_missing": "access:denied"}
    return {named.get(refused, "object:denied")}


class Pair:
    """One service and one world of law that have seen the same."""

    def __init__(self, service: Service, world: Register, counts: collections.Counter[str]) -> None:
        self.service = service
        self.world = world
        self.counts = counts

    async def put(self, cmd: Command) -> None:
        """Put a command to both; what is refused names a reason of the law and changes no row."""
        against = self.world.forbidden(cmd)
        before = await self.service.fingerprint() if against else None
        self.world.happen(cmd, against)
        refused = await self.service.do(cmd, self.world.born)
        self._count(cmd, against)
        if against:
            assert refused in against, f"{cmd}: {refused}, not {sorted(against)}"
            assert await self.service.fingerprint() == before, f"{cmd} was refused and wrote"
        assert refused is None or against, f"{cmd}: refused as {refused}, the law has it done"
        denied = await self._compare(str(cmd))
        assert denied <= denied_as(refused), f"{cmd}: {refused}, but the log says {denied}"

    async def pass_to(self, until: dt.datetime, *, jobs: bool) -> None:
        """Let time pass for both, and the jobs run if they do."""
        self.world.wait(until)
        self.service.wait(until)
        if jobs:
            self.world.run_jobs()
            await self.service.run_jobs()
        self.counts["waits"] += 1
        await self._compare(f"waiting until {until}")

    def _count(self, cmd: Command, against: set[str]) -> None:
        self.counts["commands"] += 1
        self.counts["refused"] += bool(against)
        self.counts[f"{'refused' if against else 'done'} {cmd.name}"] += 1

    async def _compare(self, what: str) -> set[str]:
        """Compare what can be seen of both; return how the log says that somebody was denied."""
        told, logged, denied = await self.service.heard()
        assert told == self.world.told, f"after {what}: told {told}, the law has {self.world.told}"
        assert logged == self.world.logged, (
            f"after {what}: logged {logged}, not {self.world.logged}"
        )
        found, expected = await self.service.rows(), self.world.rows()
        for kind, rows in expected.items():
            extra = [row for row in found[kind] if row not in rows]
            lacking = [row for row in rows if row not in found[kind]]
            assert not extra, f"after {what}: {kind}: {extra}, the law has {lacking}"
            assert not lacking, f"after {what}: {kind}: {lacking} is not there"
        self.world.check()
        return denied
