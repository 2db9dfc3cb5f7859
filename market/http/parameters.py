"""Refuse what a program asks by a name that its route does not know, or twice by one (查询参数).

A parameter that is passed over widens the answer: ``?regoin=海南`` would list the whole country as if it had
been asked for. So every route of our interface names what it takes. Pages are asked by people, whose addresses
gather things that are nobody's question; the documents in other people's formats keep to those formats.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from catalog.kernel.errors import FieldError, Invalid

_OURS: Final = "/api/v1/"
#: Under these a handler's ``opt`` holds what it is asked by, and which of it more than once.
ASKED_BY: Final = "asked_by"
ASKED_OFTEN: Final = "asked_often"
# [P] so many wrong names are told; who sends more knows by then.
_MOST_TOLD: Final = 10
_LONGEST_TOLD: Final = 100


class ParameterUnknown(Invalid):
    """The address asks by a name that this route does not know."""

    code = "parameter_unknown"


class ParameterRepeated(Invalid):
    """The address gives a value twice of which there is one; two readers could take either."""

    code = "parameter_repeated"


async def check_parameters(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Let a request through that asks for nothing but what its route knows, each once.

    :raises ParameterUnknown: if it has another parameter; which there are is told.
    :raises ParameterRepeated: if one of which there is one value comes again.
    """
    if not connection.scope["query_string"] or not connection.scope["path"].startswith(_OURS):
        return
    check(
        [name for name, _ in connection.query_params.multi_items()],
        known=handler.opt.get(ASKED_BY, frozenset()),
        often=handler.opt.get(ASKED_OFTEN, frozenset()),
    )


def check(given: list[str], *, known: frozenset[str], often: frozenset[str]) -> None:
    """Return if every name is known, and no name that is not asked often comes twice.

    :raises ParameterUnknown: if one is not known.
    :raises ParameterRepeated: if one comes twice.
    """
    unknown = list(dict.fromkeys(name for name in given if name not in known))
    if unknown:
        raise ParameterUnknown(
            parameters=[name[:_LONGEST_TOLD] for name in unknown[:_MOST_TOLD]],
            known=sorted(known),
            errors=_errors(ParameterUnknown.code, unknown),
        )
    repeated = [name for name, times in Counter(given).items() if times > 1 and name not in often]
    if repeated:
        raise ParameterRepeated(
            parameters=repeated, errors=_errors(ParameterRepeated.code, repeated)
        )


def _errors(code: str, names: list[str]) -> tuple[FieldError, ...]:
    return tuple(
        FieldError(f"/{name[:_LONGEST_TOLD]}", code, name[:_LONGEST_TOLD])
        for name in names[:_MOST_TOLD]
    )
