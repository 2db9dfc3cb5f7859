"""Enter and withdraw consents, get one's own out, find where to complain (个人授权, BJ-21, PIR-1)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.anonymisations import operations as anonymisations
from market.anonymisations import queries as anonymised
from market.anonymisations.model import Anonymisation, Decision, Said
from market.consents import operations, queries
from market.consents.model import Consent, Entered, Given, Narrowing, Ways
from market.http.answers import answers, creates
from market.http.command import (
    Answer,
    Command,
    answer,
    command,
    created,
    done,
    read,
    secret_command,
)
from market.http.context import AnyRequest

_Secret = Annotated[str, Meta(min_length=1, max_length=100)]


class EnterConsents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What persons allowed: each by itself, all of it entered or nothing."""

    consents: Annotated[tuple[Given, ...], Meta(min_length=1, max_length=1_000)]


class EnteredConsents(msgspec.Struct, frozen=True):
    """The consents that were entered, each with the secret for its person, told this once."""

    entered: list[Entered]


class WithdrawOwn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's secret, and whether all that it gave to this holder is withdrawn."""

    secret: _Secret
    all_of_holder: bool = False


class NarrowOwn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's secret, and what it still allows."""

    secret: _Secret
    to: Narrowing


class OwnConsents(msgspec.Struct, frozen=True):
    """A person's consents."""

    consents: list[Consent]


class ShowSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's secret."""

    secret: _Secret


class Anonymisations(msgspec.Struct, frozen=True):
    """The anonymisation records of a product."""

    items: list[Anonymisation]


@post(
    "/api/v1/products/{product_id:uuid}/consents",
    summary="Enter consents",
    tags=["personal information"],
    opt=creates(EnteredConsents),
)
async def enter_consents(
    request: AnyRequest, product_id: FromPath[uuid.UUID], data: JSONBody[EnterConsents]
) -> Response[bytes]:
    """Enter what persons allowed with the data of one's product (个人授权登记)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        entered = await operations.enter(
            c.tx, actor=c.actor, now=c.now, product_id=product_id, given=data.consents
        )
        return created(EnteredConsents(entered), f"/api/v1/products/{product_id}/consents")

    return await secret_command(request, act)


@get(
    "/api/v1/products/{product_id:uuid}/consents",
    summary="The consents for a product",
    tags=["personal information"],
    opt=answers(Page[Consent]),
)
async def list_consents(
    request: AnyRequest,
    product_id: FromPath[uuid.UUID],
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the consents for a product to their holder and the houses, newest first."""

    async def look(c: Command) -> Page[Consent]:
        return await queries.list_consents(
            c.tx, viewer=c.actor, product_id=product_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post(
    "/api/v1/consents/{consent_id:uuid}/withdrawals",
    summary="Withdraw a consent for its person",
    tags=["personal information"],
    opt=answers(Consent),
)
async def withdraw_consent_of(
    request: AnyRequest, consent_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Withdraw a consent whose person told its holder so (代为撤回)."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.withdraw(c.tx, actor=c.actor, now=c.now, consent_id=consent_id)
        )

    return await command(request, act)


@post(
    "/api/v1/own-consents/withdrawals",
    summary="Withdraw one's own consent",
    tags=["personal information"],
    opt=answers(OwnConsents),
)
async def withdraw_own_consents(
    request: AnyRequest, data: JSONBody[WithdrawOwn]
) -> Response[bytes]:
    """Withdraw what one allowed, in one call, signed in or not (一键关闭权限)."""

    async def act(c: Command) -> Answer:
        ended = await operations.withdraw_by_secret(
            c.tx,
            actor=c.actor,
            now=c.now,
            secret=data.secret,
            all_of_holder=data.all_of_holder,
        )
        return done(OwnConsents(ended))

    return await secret_command(request, act)


@post(
    "/api/v1/consents/{consent_id:uuid}/narrowings",
    summary="Narrow a consent for its person",
    tags=["personal information"],
    opt=answers(Consent),
)
async def narrow_consent_of(
    request: AnyRequest, consent_id: FromPath[uuid.UUID], data: JSONBody[Narrowing]
) -> Response[bytes]:
    """Narrow a consent whose person told its holder so (代为缩小授权范围)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.narrow(c.tx, actor=c.actor, now=c.now, consent_id=consent_id, to=data)
        )

    return await command(request, act)


@post(
    "/api/v1/own-consents/narrowings",
    summary="Narrow one's own consent",
    tags=["personal information"],
    opt=answers(Consent),
)
async def narrow_own_consent(request: AnyRequest, data: JSONBody[NarrowOwn]) -> Response[bytes]:
    """Allow fewer data, one purpose alone, or an earlier end, at the next access (HNP-6)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.narrow_by_secret(
                c.tx, actor=c.actor, now=c.now, secret=data.secret, to=data.to
            )
        )

    return await secret_command(request, act)


@post(
    "/api/v1/own-consents/exports",
    summary="Get one's own consents out",
    tags=["personal information"],
    opt=answers(OwnConsents),
)
async def export_own_consents(request: AnyRequest, data: JSONBody[ShowSecret]) -> Response[bytes]:
    """Return all that one allowed a holder, to take along (个人信息可携带权)."""

    async def act(c: Command) -> Answer:
        return done(
            OwnConsents(await operations.export(c.tx, actor=c.actor, now=c.now, secret=data.secret))
        )

    return await secret_command(request, act)


@post(
    "/api/v1/own-consents/complaint-ways",
    status_code=200,
    summary="Where one complains about a use",
    tags=["personal information"],
    opt=answers(Ways, refusals=(400, 404, 422)),
)
async def tell_complaint_ways(request: AnyRequest, data: JSONBody[ShowSecret]) -> Response[bytes]:
    """Tell where one complains about the use of one's data, and about whom (投诉渠道)."""

    async def look(c: Command) -> Ways:
        return await operations.ways(c.tx, secret=data.secret)

    return answer(await read(request, look))


@post(
    "/api/v1/products/{product_id:uuid}/anonymisations",
    summary="Submit an anonymisation",
    tags=["personal information"],
    opt=creates(Anonymisation),
)
async def submit_anonymisation(
    request: AnyRequest, product_id: FromPath[uuid.UUID], data: JSONBody[Said]
) -> Response[bytes]:
    """Say how the content was made to show no person, and ask an agency (匿名化)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        record = await anonymisations.submit(
            c.tx, actor=c.actor, now=c.now, product_id=product_id, said=data
        )
        return created(record, f"/api/v1/products/{product_id}/anonymisations")

    return await command(request, act)


@get(
    "/api/v1/products/{product_id:uuid}/anonymisations",
    summary="The anonymisations of a product",
    tags=["personal information"],
    opt=answers(Anonymisations),
)
async def list_anonymisations(
    request: AnyRequest, product_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return the records to the supplier, the agency that was asked, and the houses."""

    async def look(c: Command) -> Anonymisations:
        return Anonymisations(
            await anonymised.list_for_product(c.tx, viewer=c.actor, product_id=product_id)
        )

    return answer(await read(request, look))


@post(
    "/api/v1/anonymisations/{anonymisation_id:uuid}/decisions",
    summary="Decide on an anonymisation",
    tags=["personal information"],
    opt=answers(Anonymisation),
)
async def decide_anonymisation(
    request: AnyRequest, anonymisation_id: FromPath[uuid.UUID], data: JSONBody[Decision]
) -> Response[bytes]:
    """Accept, refuse or withdraw an anonymisation as its agency (匿名化认可, SIX-3)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await anonymisations.decide(
                c.tx,
                actor=c.actor,
                now=c.now,
                anonymisation_id=anonymisation_id,
                decision=data,
            )
        )

    return await command(request, act)
