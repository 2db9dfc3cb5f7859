"""Read, hide and seal the number of a bank account (账号)."""

from __future__ import annotations

import re
import uuid
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.sealed import Box, SealBroken

_BLANKS: Final = re.compile(r"[\s\-]+")
# Accounts of organisations have 8 to 32 digits, by their bank; cards of persons 16 to 19.
_NUMBER: Final = re.compile(r"[0-9]{8,32}")
_BANK_CODE: Final = re.compile(r"[0-9]{12}")


class AccountNumberMalformed(Invalid):
    """The number is none of a bank account in this country."""

    code = "account_number_malformed"


class BankCodeMalformed(Invalid):
    """The bank's code (联行号) has twelve digits."""

    code = "bank_code_malformed"


class AccountNumberSealed(Refused):
    """The key file is another one than the number was sealed under, or the row was changed."""

    code = "account_number_sealed"


def read_number(text: str) -> str:
    """Return the digits of an account number as it was typed.

    :raises AccountNumberMalformed: if there are not 8 to 32, or something else stands there.
    """
    number = _BLANKS.sub("", text)
    if not (number.isascii() and _NUMBER.fullmatch(number)):
        raise AccountNumberMalformed
    return number


def check_bank_code(code: str) -> str:
    """Return the code of a bank's branch (联行号).

    :raises BankCodeMalformed: if it is not twelve digits.
    """
    if not (code.isascii() and _BANK_CODE.fullmatch(code)):
        raise BankCodeMalformed(code=code)
    return code


def masked(number: str) -> str:
    """Return what people see of a number: its last four digits."""
    return f"****{number[-4:]}"


def seal_number(box: Box, number: str, *, beneficiary_id: uuid.UUID, nonce: bytes) -> bytes:
    """Return a number, sealed and bound to its row: moved to another it does not open."""
    return box.seal(number.encode(), bound=_bound(beneficiary_id), nonce=nonce)


def open_number(box: Box, sealed: bytes, *, beneficiary_id: uuid.UUID) -> str:
    """Return a number.

    :raises AccountNumberSealed: if it was sealed under another key, or for another row.
    """
    try:
        return box.open(sealed, bound=_bound(beneficiary_id)).decode()
    except SealBroken as error:
        raise AccountNumberSealed(id=str(beneficiary_id)) from error


def _bound(beneficiary_id: uuid.UUID) -> str:
    return f"shushi/account-number/1/{beneficiary_id}"
