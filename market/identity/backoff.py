"""Slow down who guesses passwords (登录退避): five failures in a quarter of an hour, then a pause.

Counted for a login *and* an address, so that nobody can lock another out by guessing from
elsewhere, and nothing is ever locked for good (OWASP ASVS 5.0, 6.3.1).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from catalog.kernel.errors import Refused

MAX_FAILURES: Final = 5
WINDOW: Final = dt.timedelta(minutes=15)


class TooManySignIns(Refused):
    """Too many wrong passwords from there; the next try is heard after a while."""

    code = "too_many_sign_ins"


class SignInFailed(Refused):
    """Login and password do not fit. Which of them is wrong is not told."""

    code = "sign_in_failed"


def check_attempts(attempts: Sequence[dt.datetime], now: dt.datetime) -> None:
    """Return if one more try is heard, given when the others failed.

    :raises TooManySignIns: if five failed in the last quarter of an hour.
    """
    recent = sorted(at for at in attempts if at > now - WINDOW)
    if len(recent) < MAX_FAILURES:
        return
    wait = recent[-MAX_FAILURES] + WINDOW - now
    raise TooManySignIns(retry_after_seconds=max(1, -(-wait // dt.timedelta(seconds=1))))
