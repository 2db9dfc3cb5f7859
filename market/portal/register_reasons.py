"""Say in words why a certificate came into a state (状态变更事由), as its page tells it.

What the register writes itself is said in the reader's language. What a person wrote is quoted as it
was written: the register translates nobody's reasons.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from market.portal.wording import Speaker

_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

#: What the register writes, and the words for it; what is named by the groups is filled in.
_WRITTEN: Final = (
    (re.compile(r"issued"), "issued"),
    (re.compile(r"product_expired"), "product_expired"),
    (re.compile(r"renewed"), "renewed"),
    (re.compile(r"term_over"), "term_over"),
    (re.compile(r"change (?P<number>[A-Z0-9-]+)"), "change"),
    (re.compile(r"correction (?P<number>[A-Z0-9-]+)"), "correction"),
    (re.compile(rf"objection (?P<id>{_UUID})"), "objection"),
    (re.compile(rf"objection (?P<id>{_UUID}): before a court"), "before_court"),
    (re.compile(rf"objection (?P<id>{_UUID}): withdrawn from the court"), "from_court"),
    (re.compile(rf"objection (?P<id>{_UUID}): to be issued anew"), "objection_to_reissue"),
    (re.compile(rf"instrument (?P<id>{_UUID}): to be issued anew"), "instrument_to_reissue"),
    (re.compile(rf"objection (?P<id>{_UUID}): issued anew"), "objection_reissued"),
    (re.compile(rf"instrument (?P<id>{_UUID}): issued anew"), "instrument_reissued"),
    (re.compile(r"agreement (?P<sha256>[0-9a-f]{64})"), "agreement"),
)


class Reason(msgspec.Struct, frozen=True):
    """A reason in words; ``is_quoted``: somebody's own, in the language in which it was written."""

    text: str
    is_quoted: bool


def reason_of(written: str, speak: Speaker) -> Reason:
    """Return why, in the reader's language."""
    for pattern, key in _WRITTEN:
        found = pattern.fullmatch(written)
        if found is not None:
            return Reason(speak(f"register_reason.{key}", **found.groupdict()), is_quoted=False)
    return Reason(written, is_quoted=True)
