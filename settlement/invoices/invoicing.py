"""Ask whether an invoice can be: its title, its tax number, its sum and its day (开票规则)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from settlement.invoices.model import Invoice, InvoiceType, Title
from settlement.taxes import taxing
from settlement.taxes.model import Taxed

# 统一社会信用代码 (GB 32100) of 18, or a taxpayer's number of 15 or 20 of before.
_TAX_NUMBER: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}|[0-9A-Z]{15}|[0-9A-Z]{20}")
_NUMBER: Final = re.compile(r"[0-9]{8}|[0-9]{20}")  # 8 on paper, 20 of a 数电发票


class InvoiceTitleUnclear(Invalid):
    """The title lacks what the kind of invoice needs, or the tax number is none."""

    code = "invoice_title_unclear"


class InvoiceNumberMalformed(Invalid):
    """An invoice has a number of 8 or 20 digits."""

    code = "invoice_number_malformed"


class InvoiceAboveWhatWasPaid(Refused):
    """More would be invoiced than was paid, less what went back and what was invoiced before."""

    code = "invoice_above_what_was_paid"


class RedLetterTooLarge(Refused):
    """More would be taken back than the invoice is for."""

    code = "red_letter_too_large"


class VoidTooLate(Refused):
    """An invoice is voided in the month in which it was issued; later a red letter takes it back."""

    code = "invoice_void_too_late"


def check_title(title: Title, kind: InvoiceType) -> None:
    """Return if an invoice can be made out so: a special one names address, bank and tax number.

    :raises InvoiceTitleUnclear: if not, with what is missing.
    """
    wrong = [] if title.name.strip() else ["name"]
    if title.tax_number and not _TAX_NUMBER.fullmatch(title.tax_number):
        wrong.append("tax_number")
    if kind is InvoiceType.SPECIAL:
        said = {
            "tax_number": title.tax_number,
            "address_and_phone": title.address_and_phone.strip(),
            "bank_and_account": title.bank_and_account.strip(),
        }
        wrong += [name for name, value in said.items() if not value]
    if wrong:
        raise InvoiceTitleUnclear(fields=wrong)


def check_number(number: str) -> None:
    """Return if this is a number that invoices have.

    :raises InvoiceNumberMalformed: if not.
    """
    if not _NUMBER.fullmatch(number):
        raise InvoiceNumberMalformed(number=number)


def check_amount(amount_fen: int, most_fen: int, others: Iterable[Invoice]) -> None:
    """Return if so much can be invoiced beside the others of the same kind.

    :raises InvoiceAboveWhatWasPaid: if not, with what is left.
    """
    left = most_fen - sum(each.counts_fen for each in others)
    if amount_fen > left:
        raise InvoiceAboveWhatWasPaid(left_fen=max(left, 0), amount_fen=amount_fen)


def taxed(amount_fen: int, others: Iterable[Invoice], rate_bps: int) -> Taxed:
    """Return what of an invoice is tax, beside the others of the order: together, the tax of their sum.

    So invoices over all of an order come to the tax in its price, to the fen, and to the ledger's.
    """
    standing = list(others)
    gross = sum(each.counts_fen for each in standing) + amount_fen
    due = taxing.inside(gross, rate_bps).tax_fen - sum(each.counts_tax_fen for each in standing)
    tax = min(max(due, 0), amount_fen)
    return Taxed(net_fen=amount_fen - tax, tax_fen=tax, gross_fen=amount_fen)


def red_tax_fen(invoice: Invoice, amount_fen: int, others: Iterable[Invoice], rate_bps: int) -> int:
    """Return what of a red letter is tax: all that stands bears the tax of its sum afterwards.

    Never more than the invoice has left of tax or of net; of all of an invoice, all of its tax.
    """
    standing = [invoice, *others]
    left = sum(each.counts_fen for each in standing) - amount_fen
    due = sum(each.counts_tax_fen for each in standing) - taxing.inside(left, rate_bps).tax_fen
    least = max(amount_fen - (invoice.counts_fen - invoice.counts_tax_fen), 0)
    return max(least, min(due, invoice.counts_tax_fen, amount_fen))


def check_red_letter(invoice: Invoice, amount_fen: int) -> bool:
    """Return whether a red letter takes all of the rest back.

    :raises RedLetterTooLarge: if it takes more than is left.
    """
    left = invoice.counts_fen
    if amount_fen > left:
        raise RedLetterTooLarge(left_fen=left, amount_fen=amount_fen)
    return amount_fen == left


def check_void(invoice: Invoice, today: dt.date) -> None:
    """Return if an invoice can be voided: in its month, and nothing of it was taken back (当月作废).

    :raises VoidTooLate: if not.
    """
    issued = invoice.issued_on
    assert issued is not None, "what is issued has its day"
    if (issued.year, issued.month) != (today.year, today.month) or invoice.red_letters:
        raise VoidTooLate(issued_on=issued.isoformat())
