"""Say how long sessions and tokens live, and what a token may be for (会话与令牌的期限、范围)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Final

from catalog.kernel.errors import Invalid, Refused

IDLE: Final = dt.timedelta(minutes=30)
ABSOLUTE: Final = dt.timedelta(hours=12)
#: How stale the mark of last use may be: one write a minute, not one a request.
TOUCH: Final = dt.timedelta(minutes=1)
MAX_TOKEN_LIFE: Final = dt.timedelta(days=365)

#: What only a person does who signed in, never a program with a token.
NOT_FOR_TOKENS: Final = frozenset({"token:manage", "password:change", "session:close"})


class TokenExpiryOutOfRange(Invalid):
    """A token ends in the future and within a year."""

    code = "token_expiry_out_of_range"


class TokenWithoutScope(Invalid):
    """A token is for something."""

    code = "token_without_scope"


class TokenScopeNotAllowed(Refused):
    """A token is for less than its account may do, and not for its own making."""

    code = "token_scope_not_allowed"


def session_ends(opened_at: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return when a session ends unused, and when in any case."""
    return opened_at + IDLE, opened_at + ABSOLUTE


def check_token(
    *,
    scopes: Collection[str],
    permissions: Collection[str],
    expires_at: dt.datetime,
    now: dt.datetime,
) -> None:
    """Return if an account with ``permissions`` may have such a token.

    :raises TokenWithoutScope: if it would be for nothing.
    :raises TokenScopeNotAllowed: if a scope is not the account's, or not for tokens.
    :raises TokenExpiryOutOfRange: if it ends in the past or after more than a year.
    """
    if not scopes:
        raise TokenWithoutScope
    if beyond := set(scopes) - (set(permissions) - NOT_FOR_TOKENS):
        raise TokenScopeNotAllowed(scopes=sorted(beyond))
    if not now < expires_at <= now + MAX_TOKEN_LIFE:
        raise TokenExpiryOutOfRange(latest=(now + MAX_TOKEN_LIFE).isoformat())
