"""Show the books to those who keep and supervise them: trial balance, income, months (财务)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from market.finance_reports import words
from market.http.command import Command, read
from market.http.context import AnyRequest, context
from market.portal import charts
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from settlement.ledger_reports.model import TrialBalance
from settlement.ledger_reports.queries import trials, waiting
from settlement.ledger_reports.waiting import Waiting
from settlement.periods import months, operations, queries
from settlement.periods.model import Movement, Period, PeriodDetail

_PATH: Final = "/finance"
_ONE: Final = "/finance/periods/{book:str}/{month:str}"
_PAGE_SIZE: Final = 24
#: What is shown month by month, from which purposes it is added up.
INCOME: Final[Mapping[str, tuple[str, ...]]] = {
    "fees": ("platform_fee",),
    "suppliers": ("payable",),
    "departments": ("department_payable",),
    "treasury": ("treasury_non_tax",),
    "tax": ("tax_payable",),
}


class _Explained(msgspec.Struct, frozen=True):
    """Why something stands on an account."""

    account: Annotated[str, msgspec.Meta(max_length=120)]
    explanation: Annotated[str, msgspec.Meta(max_length=500)]


class Books(msgspec.Struct, frozen=True):
    """What the page of the books shows."""

    waiting: list[Waiting]
    trial: TrialBalance
    periods: Page[Period]
    movements: list[Movement]


class Income(msgspec.Struct, frozen=True):
    """What arrived in a month, by for whom."""

    month: str
    amounts: Mapping[str, int]

    @property
    def total_fen(self) -> int:
        """Return what arrived for all of them."""
        return sum(self.amounts.values())


def income(movements: Sequence[Movement]) -> list[Income]:
    """Return what arrived in each month, the earliest first."""
    by_month: dict[str, dict[str, int]] = {}
    for each in movements:
        of_month = by_month.setdefault(each.month, dict.fromkeys(INCOME, 0))
        for name, purposes in INCOME.items():
            if each.purpose in purposes:
                of_month[name] += each.credits_fen
    return [Income(month, amounts) for month, amounts in sorted(by_month.items())]


@get(_PATH, include_in_schema=False)
async def show_books(request: AnyRequest, *, book: FromQuery[str] = "market") -> Response[bytes]:
    """Show the trial balance, what came in month by month, and how far each month is closed."""

    async def look(c: Command) -> Books:
        return Books(
            await waiting.list_waiting(c.tx, viewer=c.actor, now=c.now),
            await trials.trial_balance(c.tx, viewer=c.actor, book=book),
            await queries.list_periods(c.tx, viewer=c.actor, book=book, limit=_PAGE_SIZE),
            await queries.list_movements(c.tx, viewer=c.actor, book=book),
        )

    found = await read(request, look)
    incomes = income(found.movements)
    return page(
        request,
        "finance.html",
        cache=NOT_KEPT,
        book=book,
        books=queries.BOOKS,
        book_name=words.book,
        waiting=found.waiting,
        trial=found.trial,
        periods=found.periods,
        incomes=incomes,
        income_names=tuple(INCOME),
        chart=charts.bars([(each.month, each.total_fen) for each in incomes]),
    )


@get(_ONE, include_in_schema=False)
async def show_period(
    request: AnyRequest, book: FromPath[str], month: FromPath[str]
) -> Response[bytes]:
    """Show a month: its trial balance, what stands open, and what is to be done next (月结)."""
    return await _page(request, book, month, BLANK)


@post(f"{_ONE}/closings", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def begin_closing(
    request: AnyRequest, book: FromPath[str], month: FromPath[str]
) -> Response[bytes]:
    """Begin to close a month (开始月结)."""

    async def act(c: Command, _: Mapping[str, str]) -> None:
        await operations.begin(c.tx, actor=c.actor, now=c.now, book=book, month=months.month(month))

    return await _submit(request, book, month, act)


@post(f"{_ONE}/explanations", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def explain_account(
    request: AnyRequest, book: FromPath[str], month: FromPath[str]
) -> Response[bytes]:
    """Write down why something stands on an account at the end of a month (挂账说明)."""

    async def act(c: Command, fields: Mapping[str, str]) -> None:
        told = filled_in(_Explained, fields)
        await operations.explain(
            c.tx,
            actor=c.actor,
            now=c.now,
            book=book,
            month=months.month(month),
            account=told.account,
            explanation=told.explanation,
        )

    return await _submit(request, book, month, act)


async def _submit(request: AnyRequest, book: str, month: str, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return await _page(request, book, month, form)

    return await run_step(request, act, place=f"/finance/periods/{book}/{month}", again=again)


async def _page(request: AnyRequest, book: str, month: str, form: Shown) -> Response[bytes]:
    named = months.month(month)

    async def look(c: Command) -> PeriodDetail:
        return await queries.get_period(c.tx, viewer=c.actor, book=book, month=named)

    found = await read(request, look)
    return page(
        request,
        "period.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"/finance/periods/{book}/{month}",
        found=found,
        form=form,
        blank=BLANK,
        is_over=context(request).now() >= named.ends_at,
        book_name=words.book,
        purpose=words.purpose,
    )
