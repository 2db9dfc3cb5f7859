"""Numbers of nobody, with the check digits of real ones, from a seed."""

from __future__ import annotations

import random

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def id_card(chance: random.Random) -> str:
    """Return a number of an identity card."""
    body = f"{chance.randrange(110000, 659999):06}19{chance.randrange(50, 99)}"
    body += f"{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}{chance.randrange(1000):03}"
    total = sum(int(d) * pow(2, 17 - i, 11) for i, d in enumerate(body))
    return body + "10X98765432"[total % 11]


def uscc(chance: random.Random) -> str:
    """Return a unified social credit code."""
    body = "91" + f"{chance.randrange(110000, 659999):06}"
    body += "".join(chance.choice(_USCC) for _ in range(9))
    total = sum(_USCC.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + _USCC[-total % 31]


def bank_card(chance: random.Random, length: int = 19) -> str:
    """Return a number of a bank card."""
    body = "62" + "".join(str(chance.randrange(10)) for _ in range(length - 3))
    doubled = [int(d) * (2 - i % 2) for i, d in enumerate(reversed(body))]
    return body + str(-sum(d - 9 * (d > 9) for d in doubled) % 10)


def phone(chance: random.Random) -> str:
    """Return a number of a mobile phone."""
    return f"1{chance.randrange(3, 10)}{chance.randrange(10**9):09}"
