"""Public comparisons of agencies (公开比选): sealed bids, a drawn panel, the award: RULES §6.5, HN-23."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from tests.reference import days
from tests.reference.commands import AGENCIES, EXPERTS, MEMBERS, PARTY_OF, Command, command
from tests.reference.days import DAY
from tests.reference.handling import Handling
from tests.reference.world import AUTHORITY, AWARDS, OPERATOR, WINNERS

WRONG = "agency_selection_event_not_allowed"
WINDOW = 5  # working days at least [P]
LEAST = 2  # agencies, HN-23
#: Long enough over every holiday.
LONG = 21


@dataclasses.dataclass
class Selection:
    """What the law knows of one comparison."""

    name: str
    number: str
    until: dt.date
    state: str = "open"
    sealed: set[str] = dataclasses.field(default_factory=set)  # who uploaded a file for its bid
    bids: set[str] = dataclasses.field(default_factory=set)  # whose bid stands
    is_drawable: bool = False  # a checkpoint was signed after the commitment
    sheets: dict[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )  # expert → who fails
    winners: tuple[str, ...] = ()

    def over(self, now: dt.datetime) -> bool:
        """Tell whether 24:00 of the last day for bids is past."""
        return now >= days.midnight_after(self.until)

    def qualified(self) -> tuple[str, ...]:
        """Return which bidders more than half of the panel finds fit."""
        return tuple(
            sorted(
                agency
                for agency in self.bids
                if 2 * sum(agency not in unfit for unfit in self.sheets.values()) > len(self.sheets)
            )
        )


class Selections(Handling):
    """Announce, bid, open, draw, score, rank, award; the bureau's objection."""

    MAY = Handling.MAY | {
        "announce": ("issuer",),
        "seal_file": MEMBERS,  # a file of whoever it may be, which nobody reads before the opening
        "bid": AGENCIES,
        "withdraw_bid": AGENCIES,
        "open_bids": ("issuer",),
        "draw_panel": ("issuer",),
        "score": (*EXPERTS, "insider"),
        "recuse": (*EXPERTS, "insider"),
        "rank": ("issuer",),
        "award": ("issuer",),
        "fail": ("issuer",),
        "remark": ("regulator",),
        "settle": ("regulator",),
    }

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.selections: dict[str, Selection] = {}
        self.remarks: dict[str, tuple[str, bool]] = {}  # of which selection, whether it stands
        self._made["S"] = len(AWARDS)

    # ── the announcement, the bids ──────────────────────────────────────────────────────────

    def against_announce(self, cmd: Command) -> set[str]:
        against = self._not_delegated()
        if cmd.given("weights", 10_000) != 10_000 or cmd.given("seats", 2) < LEAST:
            against.add("selection_announcement_incomplete")
        earliest, _ = self.calendar.working(self.today, WINDOW)
        if self.today + cmd.given("window", LONG) * DAY < earliest:
            against.add("bid_window_too_short")
        if any(each.number == cmd.given("number") for each in self.selections.values()):
            against.add("selection_number_used")
        follows = cmd.given("follows")
        if follows and (
            follows not in self.selections or self.selections[follows].state != "failed"
        ):
            against.add("not_found")
        return against

    def do_announce(self, cmd: Command) -> None:
        name = self.new("S")
        until = self.today + cmd.given("window", LONG) * DAY
        self.selections[name] = Selection(name, cmd.given("number"), until)
        self.tell("agency_selection_announced", AUTHORITY)
        self.log("agency_selection:announced")

    def _bidding(self, cmd: Command) -> tuple[Selection | None, set[str]]:
        found = self.selections.get(cmd.about)
        if found is None:
            return None, {"not_found"}
        against = set() if found.state == "open" else {WRONG}
        return found, against | ({"bid_window_closed"} if found.over(self.now) else set())

    def against_seal_file(self, cmd: Command) -> set[str]:
        return self._bidding(cmd)[1]

    def do_seal_file(self, cmd: Command) -> None:
        self.selections[cmd.about].sealed.add(cmd.who)
        self.log("file:uploaded")

    def against_bid(self, cmd: Command) -> set[str]:
        s, against = self._bidding(cmd)
        if s is None:
            return against
        against |= self._not_delegated()
        if cmd.given("related"):
            against.add("bidder_is_related")
        match cmd.given("evidence", "sealed"):
            case "sealed" if cmd.who not in s.sealed:
                against.add("bid_evidence_missing")
            case "foreign":
                against.add("not_found")
            case "open":
                against.add("bid_evidence_not_sealed")
        if not cmd.given("text", True):
            against.add("bid_text_missing")
        return against

    def do_bid(self, cmd: Command) -> None:
        self.selections[cmd.about].bids.add(cmd.who)
        self.log("agency_bid:handed_in")

    def against_withdraw_bid(self, cmd: Command) -> set[str]:
        s, against = self._bidding(cmd)
        if s is not None and cmd.who not in s.bids:
            against.add("no_bid")
        return against

    def do_withdraw_bid(self, cmd: Command) -> None:
        self.selections[cmd.about].bids.remove(cmd.who)
        self.log("agency_bid:withdrawn")

    # ── the panel ───────────────────────────────────────────────────────────────────────────

    def _standing_in(self, cmd: Command, *states: str) -> tuple[Selection | None, set[str]]:
        found = self.selections.get(cmd.about)
        if found is None:
            return None, {"not_found"}
        return found, set() if found.state in states else {WRONG}

    def against_open_bids(self, cmd: Command) -> set[str]:
        s, against = self._standing_in(cmd, "open")
        if s is None:
            return against
        if not s.over(self.now):
            against.add("bid_window_open")
        return against | self._not_delegated()

    def do_open_bids(self, cmd: Command) -> None:
        s = self.selections[cmd.about]
        s.state = "opened"
        self.tell("agency_bids_opened", AUTHORITY, *s.bids)
        self.log("agency_bids:opened")

    def against_draw_panel(self, cmd: Command) -> set[str]:
        s, against = self._standing_in(cmd, "opened")
        if s is None:
            return against
        if len(s.bids) < LEAST:
            against.add("not_found")
        elif not s.is_drawable:
            against.add("draw_not_ready")
        return against

    def do_draw_panel(self, cmd: Command) -> None:
        # The fourth expert works for a bidder; the three that are left are the whole panel.
        self.selections[cmd.about].state = "in_evaluation"
        self.tell("agency_panel_seated", *EXPERTS)
        self.log("agency_panel:drawn")

    def _on_the_panel(self, cmd: Command) -> tuple[Selection | None, set[str]]:
        s, against = self._standing_in(cmd, "in_evaluation")
        if cmd.who == "insider":
            against |= {"not_found", "not_on_the_panel"}
        return s, against

    def against_score(self, cmd: Command) -> set[str]:
        s, against = self._on_the_panel(cmd)
        if s is not None and cmd.who in s.sheets:
            against.add("score_sheet_handed_in")
        if s is not None and not cmd.given("whole", True):
            against.add("score_missing")
        return against

    def do_score(self, cmd: Command) -> None:
        self.selections[cmd.about].sheets[cmd.who] = cmd.given("unfit", ())
        self.log("agency_bids:scored")

    def against_recuse(self, cmd: Command) -> set[str]:
        s, against = self._on_the_panel(cmd)
        if s is None:
            return against
        if cmd.who in s.sheets:
            against.add("score_sheet_handed_in")
        if not cmd.given("reason", True):
            against.add("recusal_reason_missing")
        return against | {"no_expert_left"}

    def do_recuse(self, cmd: Command) -> None:
        raise AssertionError("nobody is left who could sit instead")

    # ── the result, and the bureau ──────────────────────────────────────────────────────────

    def against_rank(self, cmd: Command) -> set[str]:
        s, against = self._standing_in(cmd, "in_evaluation")
        if s is not None and len(s.sheets) < len(EXPERTS):
            against.add("score_sheets_missing")
        return against

    def do_rank(self, cmd: Command) -> None:
        self.selections[cmd.about].state = "evaluated"
        self.log("agency_bids:ranked")

    def _against_telling(self, cmd: Command) -> set[str]:
        against = self._not_delegated()
        return against | (set() if cmd.given("result", True) else {"selection_result_missing"})

    def against_award(self, cmd: Command) -> set[str]:
        s, against = self._standing_in(cmd, "evaluated")
        if s is None:
            return against
        if len(s.qualified()) < LEAST:
            against.add("fewer_than_two_agencies")
        return against | self._against_telling(cmd)

    def do_award(self, cmd: Command) -> None:
        s = self.selections[cmd.about]
        s.state, s.winners = "awarded", s.qualified()
        for each in self.selections:
            self.clocks.meet(each, "agency_cycle", self.now)
        self.start(s.name, "agency_cycle", 2, "years")
        self.tell("agency_selection_result", AUTHORITY, *s.bids)
        self.log("agency_selection:awarded")

    def against_fail(self, cmd: Command) -> set[str]:
        s, against = self._standing_in(cmd, "opened", "evaluated")
        if s is None:
            return against
        left = s.bids if s.state == "opened" else s.qualified()
        if len(left) >= LEAST:
            against.add("selection_not_failed")
        return against | self._against_telling(cmd)

    def do_fail(self, cmd: Command) -> None:
        s = self.selections[cmd.about]
        s.state = "failed"
        self.tell("agency_selection_result", AUTHORITY, *s.bids)
        self.log("agency_selection:failed")

    def against_remark(self, cmd: Command) -> set[str]:
        s, against = self._standing_in(cmd, *STATES)
        if s is not None and not cmd.given("text", True):
            against.add("selection_remark_text_missing")
        return against

    def do_remark(self, cmd: Command) -> None:
        self.remarks[self.new("R")] = (cmd.about, bool(cmd.given("objects")))
        self.tell("agency_selection_remarked", OPERATOR)
        self.log("agency_selection:remarked")

    def against_settle(self, cmd: Command) -> set[str]:
        if cmd.about not in self.remarks:
            return {"not_found"}
        against = set() if self.remarks[cmd.about][1] else {"nothing_to_settle"}
        return against | (set() if cmd.given("text", True) else {"selection_remark_text_missing"})

    def do_settle(self, cmd: Command) -> None:
        selection, _ = self.remarks[cmd.about]
        self.remarks[cmd.about] = (selection, False)
        self.log("agency_selection:objection_settled")

    def against_award_of(self, award: str, agency: str) -> set[str]:
        """Return what is wrong with contracting an agency from a comparison."""
        if award in AWARDS:
            return set() if agency in WINNERS else {"agency_not_selected"}
        s = self.selections.get(award)
        if s is None:
            return {"not_found"}
        against = set() if s.state == "awarded" else {"selection_not_awarded"}
        if agency not in s.winners:
            against.add("agency_not_selected")
        if (award, True) in self.remarks.values():
            against.add("award_objected")
        return against

    # ── time, and what is compared ──────────────────────────────────────────────────────────

    def run_jobs(self) -> None:
        super().run_jobs()
        for s in self.selections.values():  # the log is signed by the jobs
            s.is_drawable |= s.state == "opened" and len(s.bids) >= LEAST

    def rows(self) -> dict[str, list[Any]]:
        held = [(name, "awarded", len(WINNERS)) for name in AWARDS]
        return super().rows() | {
            "selections": sorted(
                held + [(s.name, s.state, len(s.winners)) for s in self.selections.values()]
            )
        }

    def ahead(self) -> Iterator[Command]:
        yield from super().ahead()
        for s in self.selections.values():
            match s.state:
                case "open" if s.over(self.now):
                    yield command("open_bids", "issuer", s.name)
                case "open":
                    yield from self._next_bid(s)
                case "opened" if len(s.bids) < LEAST:
                    yield command("fail", "issuer", s.name)
                case "opened" if s.is_drawable:
                    yield command("draw_panel", "issuer", s.name)
                case "in_evaluation":
                    left = [each for each in EXPERTS if each not in s.sheets]
                    yield from (command("score", each, s.name) for each in left[:1])
                    if not left:
                        yield command("rank", "issuer", s.name)
                case "evaluated":
                    enough = len(s.qualified()) >= LEAST
                    yield command("award" if enough else "fail", "issuer", s.name)

    def _next_bid(self, s: Selection) -> Iterator[Command]:
        for agency in AGENCIES:
            if agency not in s.sealed:
                yield command("seal_file", agency, s.name)
            elif agency not in s.bids:
                yield command("bid", agency, s.name)

    def aside(self) -> Iterator[Command]:
        yield from super().aside()
        under_way = any(s.state not in ENDED for s in self.selections.values())
        if not under_way and len(self.selections) < 3:
            yield command("announce", "issuer", number=f"比选{len(self.selections)}号")
        for s in self.selections.values():
            if s.state == "open" and not s.over(self.now):
                yield from (command("withdraw_bid", each, s.name) for each in sorted(s.bids))
                yield from (command("bid", each, s.name) for each in AGENCIES if each in s.sealed)
            if s.state == "in_evaluation":
                left = [each for each in EXPERTS if each not in s.sheets]
                yield from (command("score", e, s.name, unfit=("agency",)) for e in left)
            if len(self.remarks) < 4:
                yield command("remark", "regulator", s.name)
                yield command("remark", "regulator", s.name, objects=True)
            if s.state == "awarded":
                for agency in s.winners:
                    yield command("contract", "issuer", agency=agency, award=s.name)
        for r, (_, stands) in self.remarks.items():
            if stands:
                yield command("settle", "regulator", r)

    def astray(self) -> Iterator[Command]:
        yield from super().astray()
        for said in (
            {"weights": 9_999},
            {"seats": 1},
            {"window": 3},
            {"number": "比选0号"},
            {"follows": "S9"},
            {"follows": "S5"},
        ):
            yield command("announce", "issuer", **{"number": "比选9号", **said})
        for s in (*self.selections, "S99"):
            for agency in AGENCIES:
                yield command("seal_file", agency, s)
                yield command("bid", agency, s)
                yield command("withdraw_bid", agency, s)
            for said in ({"evidence": "open"}, {"evidence": "foreign"}, {"related": "operator"}):
                yield command("bid", "agency", s, **said)
            yield command("bid", "other_agency", s, text=False)
            for expert in (*EXPERTS, "insider"):
                yield command("score", expert, s)
                yield command("recuse", expert, s)
            yield command("score", EXPERTS[0], s, whole=False)
            yield command("recuse", EXPERTS[0], s, reason=False)
            for name in ("open_bids", "draw_panel", "rank", "award", "fail"):
                yield command(name, "issuer", s)
            yield command("award", "issuer", s, result=False)
            yield command("fail", "issuer", s, result=False)
            yield command("remark", "regulator", s, text=False)
            yield command("contract", "issuer", agency="agency", award=s)
            yield command("contract", "issuer", agency="claimant", award=s)
        for r in (*self.remarks, "R99"):
            yield command("settle", "regulator", r)
            yield command("settle", "regulator", r, text=False)

    def check(self) -> None:
        """Check that nobody won without a rival, three experts and the window (HN-23)."""
        super().check()
        for s in self.selections.values():
            if s.state == "awarded":
                assert len(s.winners) >= LEAST, s
                assert set(s.sheets) == set(EXPERTS), s
                assert s.over(self.now), s
                assert not {PARTY_OF[e] for e in s.sheets} & s.bids, s


ENDED = ("awarded", "failed")
STATES = ("open", "opened", "in_evaluation", "evaluated", *ENDED)
