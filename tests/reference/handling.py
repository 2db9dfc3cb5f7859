"""Who handles which case (经办): one person a duty, taken by doing it; HN-26, HN-28 and [P]."""

from __future__ import annotations

from typing import Any

from tests.reference.world import World

#: Nobody checks what is his own work.
APART = ({"acceptance", "technical_review"}, {"check", "verification"})


class Handling(World):
    """Duties in cases, and who has them."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.holders: dict[tuple[str, str], str] = {}  # case, duty → who has it
        self.had: set[tuple[str, str, str]] = set()  # case, duty, who: once, at any time

    def against_acting(self, case: str, duty: str, who: str) -> set[str]:
        """Return what is wrong with somebody's doing something of a duty."""
        holder = self.holders.get((case, duty))
        if holder is not None:
            return set() if holder == who else {"case_held_by_another"}
        return self.against_having(case, duty, who)

    def against_having(self, case: str, duty: str, who: str) -> set[str]:
        """Return what is wrong with somebody's having a duty: the other one of a pair."""
        others = {each for pair in APART if duty in pair for each in pair - {duty}}
        checks_itself = any((case, each, who) in self.had for each in others)
        return {"four_eyes_required"} if checks_itself else set()

    def act(self, case: str, duty: str, who: str) -> None:
        """Take a duty by doing something of it, if it is nobody's."""
        if (case, duty) not in self.holders:
            self._have(case, duty, who)
            self.log("case:taken")

    def name(self, case: str, duty: str, who: str) -> None:
        """Give a duty to whom a command names; whoever had it has it no more."""
        if self.holders.get((case, duty)) != who:
            self._have(case, duty, who)
            self.log("case:assigned")

    def leave_all(self, case: str, *, but: str = "") -> None:
        """Let everybody go whose case begins anew, or is over: ``but`` who still has to do something."""
        self.holders = {
            key: who for key, who in self.holders.items() if key[0] != case or key[1] == but
        }

    def _have(self, case: str, duty: str, who: str) -> None:
        self.holders[case, duty] = who
        self.had.add((case, duty, who))
