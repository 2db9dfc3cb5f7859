"""Put the rooms of the law together, and say what must be true after every step."""

from __future__ import annotations

import datetime as dt

from tests.reference import days
from tests.reference.applications import OVER
from tests.reference.instruments import Instruments
from tests.reference.objections import OPEN


class Register(Instruments):
    """The whole register."""

    def ends_ahead(self) -> list[dt.datetime]:
        """Return when clocks of cases end that run, the next first."""
        ends = {
            days.midnight_after(clock.due)
            for clock in self.clocks.all
            if clock.state == "open" and clock.kind != "agency_contract"
        }
        return sorted(end for end in ends if end > self.now)

    def check(self) -> None:
        """Check what no sequence of steps may break; the service has just been seen to agree."""
        super().check()
        for a in self.applications.values():
            held = [
                o
                for o in self.objections.values()
                if o.application == a.name and not o.certificate and o.state in OPEN
            ]
            assert a.open_objections == (0 if a.state == "refused" else len(held)), a
            if a.state in OVER:
                assert not self.clocks.running(a.name, "review"), a
        for product in {a.product for a in self.applications.values()}:
            assert len(self.counting(product)) <= 1, f"two certificates count for {product}"
        for c in self.certificates.values():
            a = self.applications[c.application]
            assert a.state == "issued", a
            assert a.technical == a.compliance == "pass", a
            assert self.notices[a.notice].result == "no_objection", a
            assert a.is_authorised, a
