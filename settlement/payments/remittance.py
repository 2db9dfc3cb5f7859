"""Make and find the short reference that a buyer writes into a bank transfer (转账附言).

A bank's form has little room, people type it, and some banks add words of their own. So it is
twelve characters without those that are mistaken for others, the last of which checks the rest.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

PREFIX: Final = "ZF"
_LETTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32, without 0, 1, I and O
_RANDOM: Final = 9
_CODE: Final = re.compile(rf"{PREFIX}[{_LETTERS}]{{{_RANDOM + 1}}}")
_BLANKS: Final = re.compile(r"[\s\-_.·]+")


def code_of(reference: str) -> str:
    """Return the short reference of the payment that we call ``reference``."""
    number = int.from_bytes(hashlib.sha256(reference.encode()).digest()[:8], "big")
    body = "".join(_LETTERS[(number >> 5 * place) & 31] for place in range(_RANDOM))
    return f"{PREFIX}{body}{_check(body)}"


def find_codes(memo: str) -> tuple[str, ...]:
    """Return each right reference in what a bank passed on, however it was spaced and cased."""
    told = _BLANKS.sub("", memo).upper()
    right = (code for code in _CODE.findall(told) if code[-1] == _check(code[len(PREFIX) : -1]))
    return tuple(dict.fromkeys(right))


def _check(body: str) -> str:
    # Odd weights are prime to 32: any one wrong letter is found, and most that changed places.
    weighed = sum((2 * place + 1) * _LETTERS.index(letter) for place, letter in enumerate(body))
    return _LETTERS[weighed % 32]
