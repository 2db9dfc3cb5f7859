"""Evaluate agencies at the end of their contracts, file and acknowledge (履约评价、备案, HN-24)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.agency_evaluation import operations as evaluations
from catalog.agency_evaluation import queries
from catalog.agency_evaluation.model import Evaluation, TermKept
from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.signing.purposes import Purpose
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

_Text = Annotated[str, Meta(max_length=20_000)]


class GivenTerm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A term of the contract, and whether it was kept."""

    term: Annotated[str, Meta(max_length=2_000)]
    is_kept: bool
    remarks: _Text = ""


class Evaluate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only the operator can say; response times and HN-27 are filled in by the system."""

    terms: Annotated[tuple[GivenTerm, ...], Meta(max_length=200)]
    remarks: _Text
    points: int


class Acknowledge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bureau's receipt (备案回执)."""

    filing_number: Annotated[str, Meta(max_length=100)]


@post(
    "/api/v1/agency-contracts/{contract_id:uuid}/evaluations",
    summary="Evaluate an agency",
    tags=["agencies"],
    opt=creates(Evaluation),
)
async def evaluate_agency(
    request: AnyRequest, contract_id: FromPath[uuid.UUID], data: JSONBody[Evaluate]
) -> Response[bytes]:
    """Evaluate and sign once the contract has ended (履约评价); it is filed apart."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        evaluation = await evaluations.evaluate(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            contract_id=contract_id,
            terms=[
                TermKept(term=each.term, is_kept=each.is_kept, remarks=each.remarks)
                for each in data.terms
            ],
            remarks=data.remarks,
            points=data.points,
            signer=c.context.signers[Purpose.REPORT],
        )
        return created(evaluation, f"/api/v1/agency-evaluations/{evaluation.id}")

    return await command(request, act)


@get(
    "/api/v1/agency-evaluations",
    summary="Evaluations of agencies",
    tags=["agencies"],
    opt=answers(Page[Evaluation]),
)
async def list_agency_evaluations(
    request: AnyRequest,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what is due and what was evaluated, the newest first; an agency sees its own, filed."""

    async def look(c: Command) -> Page[Evaluation]:
        return await queries.list_page(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/agency-evaluations/{evaluation_id:uuid}",
    summary="One evaluation",
    tags=["agencies"],
    opt=answers(Evaluation),
)
async def get_agency_evaluation(
    request: AnyRequest, evaluation_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return an evaluation with its three parts and its signature."""

    async def look(c: Command) -> Evaluation:
        return await queries.get(c.tx, viewer=c.actor, evaluation_id=evaluation_id)

    return answer(await read(request, look))


@post(
    "/api/v1/agency-evaluations/{evaluation_id:uuid}/filings",
    summary="File an evaluation",
    tags=["agencies"],
    opt=answers(Evaluation),
)
async def file_agency_evaluation(
    request: AnyRequest, evaluation_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """File a signed evaluation with the bureau (报备案); from now on it counts."""

    async def act(c: Command) -> Answer:
        return done(
            await evaluations.file(c.tx, actor=c.actor, now=c.now, evaluation_id=evaluation_id)
        )

    return await command(request, act)


@post(
    "/api/v1/agency-evaluations/{evaluation_id:uuid}/acknowledgements",
    summary="Acknowledge a filed evaluation",
    tags=["agencies"],
    opt=answers(Evaluation),
)
async def acknowledge_agency_evaluation(
    request: AnyRequest, evaluation_id: FromPath[uuid.UUID], data: JSONBody[Acknowledge]
) -> Response[bytes]:
    """Acknowledge the filing, as the bureau, under a number (备案回执)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await evaluations.acknowledge(
                c.tx,
                actor=c.actor,
                now=c.now,
                evaluation_id=evaluation_id,
                filing_number=data.filing_number,
            )
        )

    return await command(request, act)
