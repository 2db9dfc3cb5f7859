"""Name the five kinds of refusal. HTTP statuses are given elsewhere, in one table of the door.

A refusal is a class beside the rule that raises it. Its ``code`` is public: it is the type of the
problem that a caller sees, and it never changes its meaning. The wording in Chinese and English
stands in ``market/http/wording/*.toml`` under the same code.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """Point at one place in a body that was not as it should be (RFC 6901 pointer)."""

    pointer: str
    code: str
    message: str = ""


class DomainError(Exception):
    """Refuse by name: a stable ``code`` and the facts that a person needs to go on.

    ``facts`` are JSON values. They reach the caller as members of the problem document and as
    placeholders of the wording.
    """

    code: ClassVar[str] = "domain_error"

    def __init__(self, *, errors: tuple[FieldError, ...] = (), **facts: Any) -> None:
        super().__init__(f"{self.code}: {facts}" if facts else self.code)
        self.facts: Final[dict[str, Any]] = facts
        self.errors: Final[tuple[FieldError, ...]] = errors


class Invalid(DomainError):
    """Say that the input can not be right, whatever the state of the world (内容不合要求)."""

    code = "invalid"


class Forbidden(DomainError):
    """Say that this actor may not do this (无权操作)."""

    code = "forbidden"


class Missing(DomainError):
    """Say that there is no such thing, or none that this actor may know of (不存在)."""

    code = "not_found"


class Conflict(DomainError):
    """Say that someone else was first: another version, another key, a lost race (冲突)."""

    code = "conflict"


class Refused(DomainError):
    """Say that a rule forbids it as things stand now (不予办理)."""

    code = "refused"


class VersionStale(Conflict):
    """The version that was read is not the newest any more (If-Match, RFC 9110 §13.1.1)."""

    code = "version_stale"
