"""See every refusal on its way out, and let it out when it is remembered (ASGI).

The one place for all routes: what the guard refused, what an operation refused, and what is not
there for who asks. Nothing that somebody typed is remembered, only what the policy table calls the
route, and ids.
"""

from __future__ import annotations

import re
import uuid
from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.denials.folding import network_of
from catalog.denials.model import Denial
from catalog.kernel.actor import PUBLIC, Actor, NotPermitted
from catalog.kernel.db import DatabaseUnreachable
from catalog.kernel.errors import DomainError, Missing
from market.access.tokens import TokenNotGood
from market.http.context import Context
from market.http.policies.rule import Rule
from market.http.problem import CsrfFailed, Unauthenticated, status_of
from market.http.refusing import answer_refusal

#: Under these names a request's scope holds what its refusal is made of.
REFUSED: Final = "refused"
CREDENTIAL: Final = "credential"
DENIED_SUBJECT: Final = "denied_subject"
REMEMBERED: Final = "denial_remembered"

_log = structlog.get_logger()

_OF_THE_CREDENTIAL: Final = (Unauthenticated, CsrfFailed, TokenNotGood)
_CASES: Final = ("HN-26", "HN-28")
# Of what stands in an address only ids and certificate numbers are kept; the rest may be anything.
_NUMBER: Final = re.compile(r"[A-Z]{2}-\d{6}-\d{4}-\d{7}-\d")


class DenialGuard:
    """Stand around the application, inside the body guard."""

    def __init__(self, app: ASGIApp, litestar: Any) -> None:
        self._app = app
        self._litestar = litestar

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        said: dict[str, Any] = scope  # type: ignore[assignment]
        is_replaced = False

        async def send_remembered(message: Message) -> None:
            nonlocal is_replaced
            if is_replaced:
                return
            if message["type"] == "http.response.start" and REFUSED in said:
                context: Context = self._litestar.state.context
                denial = denial_of(said, context)
                if denial is not None:
                    try:
                        await context.denials.remember(denial)
                    except Exception as error:  # noqa: BLE001 - whatever it was, it is not remembered
                        # What can not be remembered is not answered as if it were.
                        _log.error("denial_not_remembered", exc_info=error)
                        is_replaced = True
                        await answer_refusal(DatabaseUnreachable(), said, send)
                        return
            await send(message)

        await self._app(scope, receive, send_remembered)


def denial_of(scope: dict[str, Any], context: Context) -> Denial | None:
    """Return what of a refused request is to be remembered, None if nothing."""
    error: DomainError = scope[REFUSED]
    rule = _rule(scope)
    if rule is None or scope.get(REMEMBERED):
        return None
    if isinstance(error, _OF_THE_CREDENTIAL):
        return _of_a_credential(error, scope, context)
    who: Actor = scope.get("user") or PUBLIC
    event = _event(error)
    if rule.permission is None or event is None or not who.permissions:
        return None
    subject: Subject | None = scope.get(DENIED_SUBJECT)
    return Denial(
        event=event if subject is None else Event.MATERIAL_DENIED,
        actor=who,
        facts=_route(scope)
        | {
            "permission": error.facts.get("permission", rule.permission),
            "relation": rule.relation.value,
            "code": error.code,
            "status": status_of(error),
            "clearance": who.clearance.value,
        },
        asked=_asked(scope),
        subject=subject,
        rules=() if subject is None else _rules(subject),
        at=context.now(),
        request_id=_request_id(scope),
    )


def _of_a_credential(error: DomainError, scope: dict[str, Any], context: Context) -> Denial:
    # By network and not by route: who is not known is not let fill the log by going round.
    credential: dict[str, Any] = scope.get(CREDENTIAL, {})
    account = credential.get("account_id")
    return Denial(
        event=Event.CREDENTIAL_REFUSED,
        actor=PUBLIC,
        facts={"why": credential.get("why", error.code), "network": network_of(_address(scope))},
        asked=_route(scope) | {name: said for name, said in credential.items() if name != "why"},
        subject=None if account is None else Subject("account", str(account)),
        at=context.now(),
        request_id=_request_id(scope),
    )


def _event(error: DomainError) -> Event | None:
    if isinstance(error, NotPermitted):
        return Event.ACCESS_DENIED
    status = status_of(error)
    is_of_the_thing = status == HTTPStatus.FORBIDDEN or (
        status == HTTPStatus.NOT_FOUND and isinstance(error, Missing)
    )
    return Event.OBJECT_DENIED if is_of_the_thing else None


def _route(scope: dict[str, Any]) -> dict[str, str]:
    return {"method": str(scope["method"]), "route": str(scope["path_template"])}


def _request_id(scope: dict[str, Any]) -> str:
    return str(scope.get("request_id", ""))


def _rule(scope: dict[str, Any]) -> Rule | None:
    handler = scope.get("route_handler")
    rules: dict[str, Rule] = {} if handler is None else handler.opt.get("rules", {})
    return rules.get(str(scope["method"]))


def _rules(subject: Subject) -> tuple[str, ...]:
    return ("HN-21", *_CASES) if subject.kind == "spot_check" else _CASES


def _asked(scope: dict[str, Any]) -> dict[str, str] | None:
    found = {
        name: str(value)
        for name, value in scope.get("path_params", {}).items()
        if isinstance(value, uuid.UUID) or _NUMBER.fullmatch(str(value))
    }
    return found or None


def _address(scope: dict[str, Any]) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
