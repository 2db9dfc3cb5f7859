"""What no adjustment of the books is (调账)."""

from __future__ import annotations

from tests.illegal_writes.attempt import Rows, Section, kept, other, uid, update

_NEW = {"id": uid(90)}
_KEY = "(SELECT key FROM settlement.journal LIMIT 1)"
_DECIDED = {"decided_at": "now()", "decided_by": uid(92), "decided_by_name": "'x'"}

GIVEN = (
    f"""INSERT INTO settlement.adjustments (id, state, book, source, target, amount_fen, value_on,
            reason, evidence, proposed_at, proposed_by, proposed_by_name)
        VALUES ({uid(91)}, 'proposed', 'market', 'platform_loss/platform', 'payable/holder', 5,
                '2026-03-02', '多扣服务费', '回单 31', now(), {uid(93)}, '甲')""",
    f"""INSERT INTO settlement.adjustments (id, state, book, source, target, amount_fen, value_on,
            reason, evidence, proposed_at, proposed_by, proposed_by_name, decided_at, decided_by,
            decided_by_name, entry_key)
        VALUES ({uid(96)}, 'posted', 'market', 'platform_loss/platform', 'payable/holder', 5,
                '2026-03-02', '多扣服务费', '回单 32', now(), {uid(93)}, '甲', now(), {uid(92)}, '乙',
                {_KEY})""",
)

ROWS: Rows = {
    "an adjustment in an unknown state": (other("adjustments", _NEW, state="'gone'"), "adjustment_state_known"),
    "an adjustment of an unknown book": (other("adjustments", _NEW, book="'theirs'"), "adjustment_book_is_known"),
    "an adjustment out of an escrow": (other("adjustments", _NEW, source="'order_escrow/x'"), "adjustment_source_is_adjustable"),
    "an adjustment into a channel's account": (other("adjustments", _NEW, target="'channel_clearing/x'"), "adjustment_target_is_adjustable"),
    "an adjustment of nothing": (other("adjustments", _NEW, amount_fen="0"), "adjustment_amount_in_range"),
    "an adjustment for a later month": (other("adjustments", _NEW, adjusts="'2026-03-01'"), "adjustment_adjusts_an_earlier_month"),
    "an adjustment that says not why": (other("adjustments", _NEW, reason="' '"), "adjustment_says_why"),
    "an adjustment without evidence": (other("adjustments", _NEW, evidence="''"), "adjustment_names_its_evidence"),
    "evidence with a digest that is none": (other("adjustments", _NEW, evidence_file_id=uid(94), evidence_sha256="'abc'"), "adjustment_evidence_is_digested"),
    "a file of evidence without its digest": (other("adjustments", _NEW, evidence_file_id=uid(94)), "adjustment_evidence_with_its_digest"),
    "an adjustment of one account with itself": (other("adjustments", _NEW, target="source"), "adjustment_between_two_accounts"),
    "an adjustment rejected by who proposed it": (update("adjustments", **{**_DECIDED, "decided_by": "proposed_by"}, state="'rejected'", decision_reason="'x'"), "adjustment_decided_by_two"),
    "an adjustment rejected by nobody": (update("adjustments", state="'rejected'", decision_reason="'x'"), "adjustment_decided_by_somebody"),
    "an adjustment posted without an entry": (update("adjustments", **_DECIDED, state="'posted'"), "adjustment_posted_by_an_entry"),
    "an adjustment with an entry that was not posted": (update("adjustments", entry_key=_KEY), "adjustment_posted_by_an_entry"),
    "an adjustment posted by an entry that is not there": (update("adjustments", "state = 'proposed'", **_DECIDED, state="'posted'", entry_key=uid(95)), "adjustments_entry_key_fkey"),
    "an adjustment rejected without a reason": (update("adjustments", **_DECIDED, state="'rejected'"), "adjustment_rejected_with_a_reason"),
    "an adjustment proposed again for more": (update("adjustments", amount_fen="6"), "proposed_adjustment_stays"),
    "two adjustments of one number": (other("adjustments", _NEW), "adjustment_numbered_once"),
    "two adjustments of one entry": (other("adjustments", {**_NEW, "number": "99"}, **_DECIDED, state="'posted'", entry_key=_KEY), "adjustment_entry_used_once"),
    "an adjustment decided again": (update("adjustments", "state = 'posted'", decided_by=uid(97)), "decided_adjustment_stays"),
    **kept("adjustments", is_appended_only=False),
}  # fmt: skip

SECTION = Section(title="Adjustments 调账", tables=("adjustments",), rows=ROWS, given=GIVEN)
