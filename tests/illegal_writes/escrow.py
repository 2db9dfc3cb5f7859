"""What nobody does to an escrow by hand (资金托管)."""

from __future__ import annotations

from tests.illegal_writes.attempt import Rows, Section, kept, other, uid, update

_OTHER = {"order_id": uid(20)}
_CLOSED = {"closing_key": "funding_key", "closed_at": "now()"}

ROWS: Rows = {
    "a second escrow of an order": (other("escrows", {}), "escrows_pkey"),
    "an escrow in an unknown book": (other("escrows", _OTHER, book="'mine'"), "escrow_book_is_known"),
    "an escrow of nothing": (other("escrows", _OTHER, amount_fen="0"), "escrow_amount_in_range"),
    "an escrow of more than ten trillion yuan": (other("escrows", _OTHER, amount_fen="1000000000000001"), "escrow_amount_in_range"),
    "an escrow taxed at more than the whole": (other("escrows", _OTHER, tax_rate_bps="10000"), "escrow_tax_rate_in_range"),
    "an escrow taxed at less than nothing": (other("escrows", _OTHER, tax_rate_bps="-1"), "escrow_tax_rate_in_range"),
    "an escrow without tax that says not why": (other("escrows", _OTHER, tax_rate_bps="0"), "escrow_of_no_tax_says_why"),
    "an escrow with a tax that says why there is none": (other("escrows", _OTHER, tax_rate_bps="600", tax_zero_reason="'exempt'"), "escrow_of_no_tax_says_why"),
    "an escrow without tax as a gift": (other("escrows", _OTHER, tax_rate_bps="0", tax_zero_reason="'gift'"), "escrow_zero_reason_known"),
    "an escrow in an unknown state": (update("escrows", state="'gone'"), "escrow_state_known"),
    "released without an entry": (update("escrows", state="'released'"), "escrow_closed_by_an_entry"),
    "refunded without an entry": (update("escrows", state="'refunded'"), "escrow_closed_by_an_entry"),
    "closed by an entry, and still held": (update("escrows", **_CLOSED), "escrow_closed_by_an_entry"),
    "closed at no instant": (update("escrows", state="'released'", closing_key="funding_key"), "escrow_closed_by_an_entry"),
    "closed by an entry that is not there": (update("escrows", state="'released'", captured_fen="amount_fen", closing_key=uid(21), closed_at="now()"), "escrows_closing_key_fkey"),
    "held without having been paid": (update("escrows", funding_key="NULL", funded_at="NULL"), "escrow_funded_by_an_entry"),
    "paid, and still waiting to be": (update("escrows", state="'awaiting_payment'"), "escrow_funded_by_an_entry"),
    "paid by an entry that is not there": (update("escrows", funding_key=uid(21)), "escrows_funding_key_fkey"),
    "paid at no instant": (update("escrows", funded_at="NULL"), "escrow_funded_by_an_entry"),
    "released while something is left": (update("escrows", state="'released'", captured_fen="1", **_CLOSED), "escrow_empty_when_closed"),
    "all given out, and still held": (update("escrows", captured_fen="amount_fen"), "escrow_empty_when_closed"),
    "more captured than was paid": (update("escrows", captured_fen="amount_fen + 1"), "escrow_gives_out_what_it_got"),
    "more refunded than was paid": (update("escrows", refunded_fen="amount_fen + 1"), "escrow_gives_out_what_it_got"),
    "captured and refunded twice": (update("escrows", captured_fen="amount_fen - 1", refunded_fen="2"), "escrow_gives_out_what_it_got"),
    "less than nothing captured": (update("escrows", captured_fen="-1"), "escrow_gives_out_what_it_got"),
    "less than nothing refunded": (update("escrows", refunded_fen="-1"), "escrow_gives_out_what_it_got"),
    "refunded although somebody shared": (update("escrows", state="'refunded'", captured_fen="1", refunded_fen="amount_fen - 1", **_CLOSED), "escrow_refunded_if_nobody_shared"),
    "released although nobody shared": (update("escrows", state="'released'", refunded_fen="amount_fen", **_CLOSED), "escrow_released_if_somebody_shared"),
    **kept("escrows", is_appended_only=False),
}  # fmt: skip

SECTION = Section(title="Escrow 资金托管", tables=("escrows",), rows=ROWS)
