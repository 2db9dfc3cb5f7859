"""Say which passwords are taken (口令规则): long enough, and not the first ones anybody tries.

No classes of characters are asked for and no change after a while (OWASP ASVS 5.0, 6.2.5, 6.2.10).
"""

from __future__ import annotations

import unicodedata
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from market.identity.common_passwords import COMMON_PASSWORDS

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 128
_MIN_DIFFERENT: Final = 5  # aaaaaaaaaaaa, abababababab and the like


class PasswordLengthOutOfRange(Invalid):
    """A password has 12 to 128 characters."""

    code = "password_length_out_of_range"


class PasswordTooCommon(Invalid):
    """The password is among those that are tried first."""

    code = "password_too_common"


class PasswordHoldsLogin(Invalid):
    """The password holds the login, which everyone knows."""

    code = "password_holds_login"


class PasswordWrong(Refused):
    """The password that should be changed is another one."""

    code = "password_wrong"


def normalised(password: str) -> str:
    """Return the one form in which a password is hashed, however a keyboard composed it (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *, login: str) -> str:
    """Return the password in its normal form, if it may be taken.

    :raises PasswordLengthOutOfRange: if it is shorter than 12 or longer than 128 characters.
    :raises PasswordTooCommon: if it is a well-known one or of too few different characters.
    :raises PasswordHoldsLogin: if the login stands in it.
    """
    plain = normalised(password)
    if not MIN_LENGTH <= len(plain) <= MAX_LENGTH:
        raise PasswordLengthOutOfRange(minimum=MIN_LENGTH, maximum=MAX_LENGTH)
    folded = plain.casefold()
    if folded in COMMON_PASSWORDS or len(set(folded)) < _MIN_DIFFERENT:
        raise PasswordTooCommon
    if login.casefold() in folded:
        raise PasswordHoldsLogin
    return plain
