"""Check, hide and compare the id numbers of natural persons (公民身份号码, GB 11643-1999).

The number itself is never kept: a keyed hash finds a person again, a masked form shows which
document was meant (PIPL 51; BJ-18 实名认证).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from typing import Final

from catalog.kernel.errors import Invalid

_FORM: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_WEIGHTS: Final = tuple(pow(2, 17 - i, 11) for i in range(17))
_CHECK: Final = "10X98765432"
_SHOWN_FIRST, _SHOWN_LAST = 3, 2
_SHOWN_OF_A_CODE = 4


class IdentityNumberMalformed(Invalid):
    """The id number has not 18 places, no real date, or a wrong check digit."""

    code = "identity_number_malformed"


def check_identity_number(number: str) -> str:
    """Return the id number in capitals, if it is well formed.

    :raises IdentityNumberMalformed: if it is not. The number is not repeated in the refusal.
    """
    plain = number.strip().upper()
    if not _FORM.fullmatch(plain) or not _is_date(plain[6:14]):
        raise IdentityNumberMalformed
    total = sum(int(digit) * weight for digit, weight in zip(plain, _WEIGHTS, strict=False))
    if _CHECK[total % 11] != plain[17]:
        raise IdentityNumberMalformed
    return plain


def masked(number: str) -> str:
    """Return the number with all but its ends hidden."""
    hidden = "*" * (len(number) - _SHOWN_FIRST - _SHOWN_LAST)
    return f"{number[:_SHOWN_FIRST]}{hidden}{number[-_SHOWN_LAST:]}"


def masked_code(code: str) -> str:
    """Return an organisation's code (统一社会信用代码) with all but its ends hidden."""
    hidden = "*" * (len(code) - 2 * _SHOWN_OF_A_CODE)
    return f"{code[:_SHOWN_OF_A_CODE]}{hidden}{code[-_SHOWN_OF_A_CODE:]}"


def keyed_hash(key: bytes, number: str) -> bytes:
    """Return the HMAC-SHA-256 of a number: without the key nobody can try all numbers."""
    return hmac.digest(key, number.encode(), hashlib.sha256)


def _is_date(text: str) -> bool:
    try:
        dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True
