"""An archive keeps an export for thirty years: it is stamped anew without the service that made it."""

from __future__ import annotations

import datetime as dt
import pathlib

import httpx
import pytest
from click.testing import CliRunner

from catalog.audit_log import export_format as form
from catalog.audit_log.verdict import Unreadable
from catalog.timestamps import check as timestamps
from catalog.timestamps.hashing import HashAlgorithm
from market.channels.timestamp_authorities import Authorities, RevocationSources
from market.cli import restamp_export
from market.cli.log import Restamped, restamp
from market.cli.restamp_export import ExportNotGenuine
from market.cli.verify import Directory, check
from tests.memory_authority import MemoryAuthority
from tests.timed_log import TimedLog

URL = "http://ca.example/tsa.crl"
QUARTER = dt.timedelta(days=90)


class Archive:
    """An export of a stamped log in a directory, and the authorities of a later year."""

    def __init__(self, place: pathlib.Path) -> None:
        self.log = TimedLog()
        self.log.register(self.log.signer)
        self.log.grow(300)
        self.log.stamp()
        self.log.sign()
        self.place = place
        self.root = self.log.authority.root
        for name, content in self.log.export().files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        (place.parent / "tsa.pem").write_bytes(self.log.authority.pem())

    def authorities(self, *names: str) -> list[MemoryAuthority]:
        return [
            MemoryAuthority(self.log.clock, name, root=self.root, list_url=URL) for name in names
        ]

    async def restamp(
        self, *stampers: MemoryAuthority, lists: bytes = b"", **more: object
    ) -> Restamped:
        def answer(_request: httpx.Request) -> httpx.Response:
            return httpx.Response(200 if lists else 404, content=lists)

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as web:
            known = Authorities(
                tuple(stampers),
                self.log.authority.trust(),
                HashAlgorithm.SHA512,
                RevocationSources(web),
            )
            asked = {"leaving": set(), "within": QUARTER, "anyway": False} | more
            return await restamp_export.restamp(
                self.place,
                Directory(self.place),
                known,
                key=self.log.log_key,
                clock=self.log.clock.now,
                algorithm=HashAlgorithm.SHA512,
                **asked,  # type: ignore[arg-type]
            )

    def verified(self) -> list[str]:
        """Return what ``market verify`` finds wrong, as a reader of that day."""
        found = check(
            str(self.place),
            vkey=str(self.log.log_key),
            keys_file=None,
            now=self.log.clock.now(),
            tsa_ca=self.place.parent / "tsa.pem",
        )
        return [f"{bad.kind} {bad.id}: {bad.reason}" for bad in found.problems]


@pytest.fixture
def held(tmp_path: pathlib.Path) -> Archive:
    return Archive(tmp_path / "export")


async def test_what_ends_soon_is_stamped_by_every_authority_and_holds_for_another_year(
    held: Archive,
) -> None:
    assert await held.restamp(*held.authorities("a")) == Restamped(due=[], numbers=[], failed=[])
    held.log.wait(300)
    told = held.root.revoked(held.log.clock.now())

    done = await held.restamp(*held.authorities("a", "b"), lists=told)

    assert done == Restamped(due=[1], numbers=[2, 3], failed=[])
    held.log.wait(200)  # what the log itself had is over
    assert held.verified() == []
    # And once more, over all that is there.
    held.log.wait(100)
    again = await held.restamp(*held.authorities("c"), lists=told)
    assert (again.due, again.numbers) == ([1, 2, 3], [4])
    held.log.wait(300)
    assert held.verified() == []


async def test_without_it_the_export_is_refused_and_then_it_is_too_late(held: Archive) -> None:
    held.log.wait(400)

    assert any("ended at" in each for each in held.verified())
    with pytest.raises(ExportNotGenuine) as refused:
        await held.restamp(*held.authorities("a"))
    assert refused.value.facts["kind"] == "timestamp"
    assert not (held.place / timestamps.ARCHIVED).exists()


@pytest.mark.parametrize("name", [form.CHECKPOINTS, "tile/entries/000", timestamps.RECORDS])
async def test_an_export_that_is_not_genuine_is_not_stamped_anew(held: Archive, name: str) -> None:
    path = held.place / name
    raw = path.read_bytes()
    path.write_bytes(raw[:300] + bytes([raw[300] ^ 1]) + raw[301:])

    with pytest.raises(ExportNotGenuine):
        await held.restamp(*held.authorities("a"), anyway=True)
    assert not (held.place / timestamps.ARCHIVED).exists()
    held.place = held.place / "records"
    with pytest.raises(Unreadable):
        await held.restamp(*held.authorities("a"), anyway=True)


async def test_an_authority_whose_certificate_was_revoked_is_not_believed(held: Archive) -> None:
    from cryptography.x509 import ReasonFlags

    good, bad = held.authorities("good", "bad")
    day_before = held.log.clock.now() - dt.timedelta(days=1)
    told = held.root.revoked(
        held.log.clock.now(), (bad.certificate, day_before, ReasonFlags.superseded)
    )

    done = await held.restamp(bad, good, lists=told, anyway=True)

    assert (done.numbers, len(done.failed)) == ([2], 1)
    assert "bad" in done.failed[0]
    assert held.verified() == []


async def test_a_stamp_over_something_else_or_taken_away_is_found(held: Archive) -> None:
    await held.restamp(*held.authorities("a", "b"), anyway=True)
    path = held.place / timestamps.ARCHIVED
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(second)
    assert any("is missing" in each for each in held.verified())
    path.write_bytes(first + second)
    assert held.verified() == []
    bundle = held.place / timestamps.RECORDS
    bundle.write_bytes(bundle.read_bytes().replace(b'"id":"1"', b'"id":"9"'))
    assert held.verified() != []


def test_the_command_needs_somebody_who_stamps(held: Archive) -> None:
    done = CliRunner().invoke(
        restamp, ["--export", str(held.place)], env={"MARKET_TIMESTAMP_URLS": ""}
    )

    assert done.exit_code == 1
    assert "timestamps_not_set" in done.output + str(done.stderr if done.stderr_bytes else "")
