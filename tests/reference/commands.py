"""What is put to the law and to the service: a command, by whom, about what, how."""

from __future__ import annotations

import dataclasses
from typing import Any

NOBODY = "nobody"
STAFF = ("acceptor", "technical", "second_technical", "issuer", "adjudicator")
SUPPLIERS = ("supplier", "rival")
AGENCIES = ("agency", "other_agency")
EXPERTS = ("expert_1", "expert_2", "expert_3")
MEMBERS = (
    *SUPPLIERS, "objector", "claimant", *STAFF, "regulator", *AGENCIES, *EXPERTS, "insider",
)  # fmt: skip
PARTY_OF = {
    **{name: name for name in MEMBERS},
    **dict.fromkeys(STAFF, "operator"),
    "regulator": "authority",
    "insider": "agency",  # an expert who works for an agency
}


@dataclasses.dataclass(frozen=True)
class Command:
    """One thing that somebody does: ``about`` is a case, ``how`` what differs."""

    name: str
    who: str
    about: str = ""
    how: tuple[tuple[str, Any], ...] = ()

    def given(self, name: str, otherwise: Any = None) -> Any:
        """Return one of the things that differ."""
        return dict(self.how).get(name, otherwise)

    def __repr__(self) -> str:
        """Read as a sentence, for whoever looks at a failure."""
        how = ", ".join(f"{name}={value!r}" for name, value in self.how)
        return f"{self.who}: {self.name}({self.about}{', ' if how else ''}{how})"


def command(name: str, who: str, about: str = "", **how: Any) -> Command:
    """Return a command."""
    return Command(name, who, about, tuple(sorted(how.items())))
