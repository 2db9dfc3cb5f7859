"""Decide who may open a file that was locked away, and whose reading is remembered.

Everyone's reading is but the owner's (HN-26, HN-28, A49). National core data is opened by nobody but the
regulator, not even by whom it came from (HN-15(2)).
"""

from __future__ import annotations

from catalog.files.model import StoredFile
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.errors import Forbidden


class FileQuarantined(Forbidden):
    """The file was locked away."""

    code = "file_quarantined"


def is_remembered(reader: Actor, file: StoredFile) -> bool:
    """Tell whether it is remembered that ``reader`` read the content of ``file``."""
    if reader.clearance is Clearance.SYSTEM:
        return False
    return file.owner_party_id not in (reader.party_id, reader.acting_for)


def check_not_locked_away(reader: Actor, *, is_quarantined: bool) -> None:
    """Return if ``reader`` may open a file, quarantined or not.

    :raises FileQuarantined: if it was locked away and the reader is not the regulator.
    """
    if is_quarantined and reader.clearance is not Clearance.REGULATOR:
        raise FileQuarantined
