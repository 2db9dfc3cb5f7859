"""Drive the register and the law side by side: hypothesis chooses who does what when, lawful or not.

Each step is put to the real service (over its HTTP door, on a real PostgreSQL) and to the model in
``tests/reference``, which was written from RULES and imports nothing of the product. After each,
answer and code, every state, every clock of law with its last day, who was told, and what was logged
are the same, or the run fails and hypothesis shrinks it. A command that is refused changes no row.

The short runs are part of the tests; ``make campaign`` runs ten thousand steps and more. ``SEED``,
``RUNS`` and ``STEPS`` choose others. The door costs some three milliseconds a command and is the
whole product; so it is driven rather than the operations behind it.
"""

from __future__ import annotations

import ast
import asyncio
import collections
import contextlib
import datetime as dt
import os
import pathlib
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.campaigns.register_pair import Pair
from tests.campaigns.register_stage import Stage
from tests.reference import days
from tests.reference.commands import MEMBERS, NOBODY, Command, command
from tests.reference.days import DAY, SHANGHAI
from tests.reference.register import Register

SEEDS = [int(seed) for seed in os.environ.get("SEED", "20260302,7,4217,20280229").split(",")]
RUNS = int(os.environ.get("RUNS", "16"))
STEPS = int(os.environ.get("STEPS", "200"))
#: Shrinking a failure takes minutes; ``SHRINK=0`` shows the first as it was found.
PHASES = [hypothesis.Phase.generate, hypothesis.Phase.shrink][
    : 1 + (os.environ.get("SHRINK") != "0")
]
KNOWN = (2024, 2025, 2026)
#: Awkward days to begin on: before 调休 weeks, month ends, a leap day, year ends, an unknown year.
BEGINNINGS = (
    "2024-02-01", "2024-02-28", "2024-04-25", "2024-12-20", "2025-01-20", "2025-04-24",
    "2025-09-22", "2025-12-01", "2026-01-12", "2026-02-12", "2026-04-30", "2026-09-18",
    "2026-11-12", "2026-12-24", "2027-12-20", "2028-02-24",
)  # fmt: skip

#: What comes before everything: the operator contracts the two agencies that won.
OPENING = (
    command("contract", "issuer", agency="agency", award="S1"),
    command("contract", "issuer", agency="other_agency", award="S1"),
)


def made_up(year: int, odd: int) -> tuple[tuple[dt.date, ...], tuple[dt.date, ...]]:
    """Return days off and make-up days that a notice could have; with 1 January and a May week."""
    new_year = [dt.date(year, 1, 1) + i * DAY for i in range(1 + odd % 3)]
    festival = [dt.date(year, 1, 28 + odd % 3) + i * DAY for i in range(8)]
    may = [dt.date(year, 5, 1) + i * DAY for i in range(5)]
    off = [day for day in (*new_year, *festival, *may) if day.weekday() < 5]
    on = [festival[0] - 2 * DAY, festival[-1] + (1 + odd % 5) * DAY, may[-1] + DAY]
    on = [day for day in on if day.weekday() >= 5]
    if odd % 4 == 0:  # a notice may reach back, as those for 2012 and 2019 did
        december = dt.date(year - 1, 12, 31)
        off += [december] if december.weekday() < 5 else []
        on += [day for i in (29, 30) if (day := december.replace(day=i)).weekday() >= 5]
    return tuple(off), tuple(on)


class Machine(RuleBasedStateMachine):
    """One run: a service, a world of law, and what is done to both."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    stage: ClassVar[Stage]
    counts: ClassVar[collections.Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.closing = contextlib.AsyncExitStack()
        self.pair: Pair

    def wait_for(self, coroutine: Any) -> Any:
        """Let the loop of the service do something, and return what came of it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(120)

    def put(self, cmd: Command) -> None:
        """Put a command to the law and to the service, and compare."""
        against = self.world.forbidden(cmd)
        hypothesis.note(f"{self.world.now:%Y-%m-%d %H:%M:%S} {cmd}  {sorted(against) or 'lawful'}")
        self.wait_for(self.pair.put(cmd))

    def pass_to(self, until: dt.datetime, *, jobs: bool) -> None:
        """Let time pass, and the jobs run if they do."""
        until = max(until, self.world.now)
        hypothesis.note(f"{until:%Y-%m-%d %H:%M:%S} {'jobs run' if jobs else 'no job runs'}")
        self.wait_for(self.pair.pass_to(until, jobs=jobs))

    @property
    def world(self) -> Register:
        """Return what the law says."""
        return self.pair.world

    # ── rules ───────────────────────────────────────────────────────────────────────────────

    @initialize(day=st.sampled_from(BEGINNINGS), hour=st.sampled_from((0, 9, 15)))
    def begin(self, day: str, hour: int) -> None:
        """Begin on a day, with the notices known that were known by then at the latest."""
        begins = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour, 30), SHANGHAI)
        hypothesis.note(f"begin on {begins}")
        service = self.wait_for(self.closing.enter_async_context(self.stage.run(begins)))
        self.pair = Pair(service, Register(begins, days.of_the_library(*KNOWN)), self.counts)
        self.counts["runs"] += 1
        for cmd in OPENING:
            self.put(cmd)

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """Do what leads a case on, or begin one."""
        options = list(self.world.ahead())
        begun = {a.product for a in self.world.applications.values() if a.state != "withdrawn"}
        if not options or (len(begun) < 3 and data.draw(st.integers(0, 9)) == 0):
            options = self._beginnings()
        self.put(data.draw(st.sampled_from(options)))

    @staticmethod
    def _beginnings() -> list[Command]:
        return [
            command("draft", "rival" if product == "P4" else "supplier", product, first=first)
            for product in ("P1", "P2", "P4", "P3")
            for first in (True, False, None)
        ]

    @rule(steps=st.integers(3, 14))
    def hurry(self, steps: int) -> None:
        """Lead one case on by several steps, with the days that they need."""
        waited = False
        for _ in range(steps):
            options = list(self.world.ahead())
            if not self.world.applications:
                options = self._beginnings()[:1]
            if options:
                self.put(options[-1])
            elif waited:
                return
            else:
                self.pass_to(min([*self.world.ends_ahead(), self.world.now + 9 * DAY]), jobs=True)
                waited = True

    @rule(data=st.data(), times=st.integers(1, 3))
    def turn_aside(self, data: st.DataObject, times: int) -> None:
        """Do something lawful that leads a case elsewhere, mostly."""
        for _ in range(times):
            options = list(self.world.aside())
            if options:
                self.put(data.draw(st.sampled_from(options)))

    @rule(data=st.data())
    def try_anything(self, data: st.DataObject) -> None:
        """Do what nobody should, or what only another should, or only later."""
        self.put(data.draw(st.sampled_from(list(self.world.astray()))))

    @rule(data=st.data(), who=st.sampled_from((*MEMBERS, NOBODY)))
    def stand_in(self, data: st.DataObject, who: str) -> None:
        """Let somebody else do what leads a case on: everybody is tried at everything."""
        options = [*self.world.ahead(), *self.world.aside()]
        if options:
            cmd = data.draw(st.sampled_from(options))
            self.put(Command(cmd.name, who, cmd.about, cmd.how))

    @rule(
        data=st.data(),
        seconds=st.sampled_from((-1, 0, 1, 7_200)),
        jobs=st.sampled_from((True, True, True, False)),
    )
    def wait(self, data: st.DataObject, seconds: int, jobs: bool) -> None:
        """Let time pass to the end of a clock, or just before or after it, or some days."""
        ends = self.world.ends_ahead()[:4]
        ends.append(self.world.now + data.draw(st.integers(0, 12)) * DAY)
        until = data.draw(st.sampled_from(ends))
        self.pass_to(until + dt.timedelta(seconds=seconds), jobs=jobs)

    @rule(odd=st.integers(0, 60), who=st.sampled_from(("regulator", "regulator", "issuer")))
    def load_a_year(self, odd: int, who: str) -> None:
        """Load the notice of the next unknown year, late as it comes; or one that is there."""
        year = max(self.world.calendar.known) + (odd % 7 != 0)
        if year in KNOWN or year > self.world.today.year + 1:
            return
        off, on = made_up(year, odd)
        self.put(command("load_year", who, year=year, off=off, on=on))

    def teardown(self) -> None:
        """Prove every entry of the log offline, and take the run's database away."""

        async def end() -> None:
            async with self.closing:
                if hasattr(self, "pair"):
                    self.counts["entries proven"] += await self.pair.service.proven()

        self.wait_for(end())


# ── the runs ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
async def stage(server: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The database that every run copies."""
    from market.settings import Settings

    settings = Settings(
        separate_logins=True,
        public_url="http://testserver",
        run_jobs=False,
        log_level="error",
    )
    found = Stage(server, settings, tmp_path_factory.mktemp("stage"))
    await found.set()
    yield found
    await found.strike()


async def drive(stage: Stage, *, seed: int, runs: int, steps: int) -> collections.Counter[str]:
    """Let hypothesis drive so many runs of so many steps beside the loop; return what was done."""
    counts: collections.Counter[str] = collections.Counter()
    given = {"loop": asyncio.get_running_loop(), "stage": stage, "counts": counts}
    machine: Any = hypothesis.seed(seed)(type("Driven", (Machine,), given))
    settings = hypothesis.settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=PHASES,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=settings)
    return counts


@pytest.mark.timeout(900)
async def test_the_register_does_what_the_law_says_in_a_short_run(stage: Stage) -> None:
    counts = await drive(stage, seed=20260302, runs=4, steps=60)

    assert counts["commands"] > 150
    assert counts["refused"] > 20
    assert counts["entries proven"] > 150


@pytest.mark.timeout(900)
@pytest.mark.parametrize("day", ["2024-02-01", "2026-12-24"])
async def test_the_law_leads_from_a_draft_to_a_certificate_and_nobody_else_may_do_it(
    stage: Stage, day: str
) -> None:
    begins = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(9), SHANGHAI)
    async with stage.run(begins) as service:
        world = Register(begins, days.of_the_library(*KNOWN))
        pair = Pair(service, world, collections.Counter())
        for cmd in (*OPENING, command("draft", "supplier", "P1")):
            await pair.put(cmd)

        while not world.certificates:
            for cmd in list(world.ahead())[-1:]:
                for who in (*MEMBERS, NOBODY):
                    if world.forbidden(other := Command(cmd.name, who, cmd.about, cmd.how)):
                        await pair.put(other)
                await pair.put(cmd)
                break
            else:
                if world.today.year == 2027 and 2027 not in world.calendar.known:
                    off, on = made_up(2027, 4)
                    await pair.put(command("load_year", "regulator", year=2027, off=off, on=on))
                await pair.pass_to(world.ends_ahead()[0], jobs=True)

        assert pair.counts["refused"] > 150
        assert await service.proven() > 100


@pytest.mark.timeout(900)
async def test_a_dispute_that_goes_to_court_ends_as_the_judgment_says(stage: Stage) -> None:
    begins = dt.datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)
    async with stage.run(begins) as service:
        world = Register(begins, days.of_the_library(*KNOWN))
        pair = Pair(service, world, collections.Counter())
        for cmd in (*OPENING, command("draft", "supplier", "P1")):
            await pair.put(cmd)
        while not world.certificates:
            for cmd in list(world.ahead())[-1:]:
                await pair.put(cmd)
                break
            else:
                await pair.pass_to(world.ends_ahead()[0], jobs=True)

        judgment = {"certificate": "C1", "effect": "new_holder", "holder": "claimant"}
        for cmd in (
            command("encumber", "issuer", "C1", days=900),
            command("object", "objector", certificate="C1"),
            command("deregister", "supplier", "C1"),
            command("forward", "adjudicator", "O1"),
            command("read_forwarded", "supplier", "O1"),
            command("respond", "supplier", "O1"),
            command("determine", "adjudicator", "O1", outcome="revoke"),
            command("answer_outcome", "supplier", "O1", accepts=True),
            command("answer_outcome", "objector", "O1", accepts=False),
            command("go_to_court", "objector", "O1"),
            command("lodge", "adjudicator", number="判1号", **judgment),
            command("verify_instrument", "issuer", "I1"),
            command("check_instrument", "issuer", "I1"),
            command("verify_instrument", "issuer", "I1"),
            command("verify_instrument", "adjudicator", "I1"),
            command("reject_instrument", "issuer", "I1"),
            command("lodge", "objector", number="判2号", **judgment),
            command("check_instrument", "issuer", "I2"),
            command("verify_instrument", "adjudicator", "I2"),
            command("execute", "adjudicator", "I2"),
            command("deregister_as_holder", "claimant", "I2"),
            command("take_over", "objector", "I2"),
            command("take_over", "claimant", "I2"),
            command("take_over", "claimant", "I2"),
        ):
            await pair.put(cmd)

        assert [(c.state, c.holder) for c in world.certificates.values()] == [
            ("transferred", "supplier"),
            ("active", "claimant"),
        ]
        assert world.objections["O1"].closing == "by_instrument"
        assert pair.counts["refused"] == 8


@pytest.mark.timeout(900)
async def test_a_comparison_chooses_two_agencies_and_the_bureau_may_hold_their_contracts_up(
    stage: Stage,
) -> None:
    begins = dt.datetime(2026, 2, 12, 9, tzinfo=SHANGHAI)
    async with stage.run(begins) as service:
        world = Register(begins, days.of_the_library(*KNOWN))
        pair = Pair(service, world, collections.Counter())
        await pair.put(command("announce", "issuer", number="比选0号"))
        refused = pair.counts["refused"]
        while world.selections["S5"].state != "awarded":
            for cmd in [each for each in world.ahead() if each.about == "S5"][:1]:
                await pair.put(command("award", "issuer", "S5"))
                for who in (*MEMBERS, NOBODY):
                    if world.forbidden(other := Command(cmd.name, who, cmd.about, cmd.how)):
                        await pair.put(other)
                if cmd.name != "award":
                    await pair.put(cmd)
                break
            else:
                end = days.midnight_after(world.selections["S5"].until)
                await pair.pass_to(max(end, world.now + DAY), jobs=True)

        for cmd in (
            command("remark", "regulator", "S5", objects=True),
            command("contract", "issuer", agency="agency", award="S5"),
            command("settle", "regulator", "R1"),
            command("settle", "regulator", "R1"),
            command("contract", "issuer", agency="agency", award="S5"),
            command("contract", "issuer", agency="claimant", award="S5"),
        ):
            await pair.put(cmd)

        assert [each.award for each in world.contracts.values()] == ["S5"]
        assert pair.counts["refused"] > refused + 100


@pytest.mark.campaign
@pytest.mark.timeout(0)
async def test_ten_thousand_steps_keep_to_the_law(stage: Stage) -> None:
    total: collections.Counter[str] = collections.Counter()
    for seed in SEEDS:
        counts = await drive(stage, seed=seed, runs=RUNS, steps=STEPS)
        print(f"\nseed {seed}: {_told(counts)}")
        total += counts
    print(f"all seeds: {_told(total)}\n" + "\n".join(_by_name(total)))

    assert total["commands"] + total["waits"] >= min(10_000, RUNS * STEPS)


def _told(counts: collections.Counter[str]) -> str:
    return ", ".join(
        f"{counts[name]:,} {name}"
        for name in ("runs", "commands", "refused", "waits", "entries proven")
    )


def _by_name(counts: collections.Counter[str]) -> list[str]:
    names = sorted({name.partition(" ")[2] for name in counts if name.startswith(("done ", "ref"))})
    return [
        f"  {name:24} {counts[f'done {name}']:6} done {counts[f'refused {name}']:6} refused"
        for name in names
        if name
    ]


def test_the_law_is_written_without_a_look_at_the_product() -> None:
    directory = pathlib.Path(days.__file__).parent
    for path in sorted(directory.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert not name.startswith(("catalog", "settlement", "market", "seeds")), path
