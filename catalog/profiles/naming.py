"""Hold what a file is called against what it is (疑似伪装文件): the bytes have one profile, names differ."""

from __future__ import annotations

import msgspec

from catalog.profiles.model import ContentProfile, Outcome, RefusedBytes
from catalog.tables.kinds import TableKindContradicts, check_named
from catalog.tables.model import Format


def as_named(stored: ContentProfile, file_name: str) -> ContentProfile:
    """Return what is known of a content under its name; one that lies about its kind is refused."""
    if stored.profile is None:
        return stored
    try:
        check_named(Format(stored.profile.format), file_name)
    except TableKindContradicts as error:
        refusal = RefusedBytes(error.code, error.facts)
        return msgspec.structs.replace(
            stored, outcome=Outcome.REFUSED, profile=None, refusal=refusal
        )
    return stored
