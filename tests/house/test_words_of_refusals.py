"""No refusal says in Chinese what is an English word or a code of ours: what stands in it has a name."""

from __future__ import annotations

import ast
import enum
import pathlib
import re
import string
from collections.abc import Iterator

import pytest

from catalog.changes.materials import ChangeMaterialKind
from catalog.code_trees.model import Tree
from catalog.kernel.errors import DomainError
from catalog.notifications.model import Channel
from catalog.registration.completeness import MaterialKind
from catalog.registration.findings import COMPLIANCE_POINTS, TECHNICAL_POINTS, Overall
from catalog.registration.grounds import Ground
from market.auctions.model import Kind as AuctionKind
from market.complaints.model import About, House, MeasureKind
from market.complaints.model import Kind as ComplaintKind
from market.http.wording import all_names, all_wordings, name_of, table_of, words
from market.listings import eligibility
from market.listings.model import Effect
from market.orders.model import CancellationReason, Side
from market.pricing.model import Regime
from market.zones.model import Kind as ZoneKind
from tests.house import walk

# What needs no name: numbers, days, instants, amounts, digests, and what somebody typed or is called.
PLAIN = frozenset({
    "accepted_on", "account", "accounts", "addresses", "age_seconds", "algorithm", "amount_fen",
    "at", "authorisation_number", "awarded_on", "batch_id", "begins", "bid_id", "burdens",
    "ceiling_fen", "cell", "cells", "charged_fen", "charged_to_seq", "change_number", "closed_at", "closes_at", "closes_on", "coarse",
    "code", "codes", "column", "columns", "content_sha256", "contract_number", "cosigned",
    "difference_fen", "month", "period",
    "count", "criteria", "currency", "days", "destroyed_on", "directory", "document_number",
    "due_fen", "earliest", "effective_from", "effective_on", "effective_until", "encoding",
    "ended_at", "ended_on", "endpoint_id", "ends_at", "ends_on", "entries", "entry", "event_id",
    "expected", "expected_fen", "experts", "fewest", "file", "file_name", "filing_number",
    "fine", "floor_fen", "first", "first_year", "found", "given", "header", "holder", "id", "index",
    "inspection_uses", "is_on", "issued_on", "item", "journal_key", "key", "key_id", "kinds", "known",
    "last", "last_year", "latest", "layout", "least_fen", "left", "left_fen", "length", "licence",
    "limit_fen", "line", "login", "lowest_fen", "maximum", "maximum_bytes", "media_type",
    "minimum", "minimum_fen", "most", "most_bps", "most_fen", "name", "named", "names", "needed", "not_before",
    "notice_number", "number", "occurred_on", "old", "on", "open_objections", "open_orders",
    "opens_at", "opens_on", "order_id", "order_numbers", "order_until", "origin", "other",
    "owners", "paid_fen", "panel_size", "party_id", "path", "people", "period_from", "period_to",
    "possible_from", "posting_id", "premium_bps", "price_item", "product", "published",
    "qualification", "qualified", "quantity", "quarter", "quorum", "quotes_until", "reference",
    "request_id", "reverses", "resources", "retry_after_seconds", "revoked_at", "row", "rule", "rulebook",
    "reversed_fen", "rules", "same", "scenarios", "scheme", "scopes", "selection_number", "share", "share_bps",
    "shares", "signed_at", "signed_size", "since", "since_on", "size", "source", "sources",
    "standards", "step", "status", "stopped_since", "subject", "successors", "sum", "sum_bps",
    "sum_fen", "template", "term_from", "tests", "threshold", "to_seq", "total_fen", "type", "unlimited",
    "until", "until_on", "url", "used", "valid_from", "valid_to", "valid_until", "value", "value_on",
    "version", "waiting_seconds", "wanted_from", "wanted_to", "window_seconds", "withdrawn_at",
    "witness", "word", "year", "years",
})  # fmt: skip
# What a program is told, which is named as its interface, its file or a standard names it.
AS_PROGRAMS_CALL_IT = {
    "action": "an event of the log",
    "cause": "a cause of a pause, as the log has it",
    "context": "an address",
    "clause_parameters_wrong.missing": "a blank of a template",
    "clause_parameters_wrong.surplus": "a blank of a template",
    "correction_target_unknown.targets": "a place in an application",
    "one_time_notice_violation.targets": "a place in an application",
    "correction_incomplete.items": "a place in an application",
    "supplement_incomplete.items": "what the reviewer typed",
    "filing_quote_not_negotiated.items": "the codes of a supplier's own prices",
    "free_price_not_zero.items": "the codes of a supplier's own prices",
    "price_above_ceiling.items": "the codes of a supplier's own prices",
    "item_doubled.items": "a supplier's own items",
    "detail": "what the decoder of JSON said",
    "notice_field_confidential.fields": "a field of the body",
    "webhook_event_type_unknown.fields": "a place in the body",
    "certificate_field_empty.fields": "a member of the signed document",
    "export_not_genuine.kind": "a kind of record in an export",
    "proof_bundle_not_ready.kind": "a kind of record in the log",
    "field": "a field of a file, as the file has it",
    "lane": "the number of a lane of the journal",
    "left_operand": "a word of ODRL",
    "operands": "a word of ODRL",
    "operator": "a word of ODRL",
    "meant": "a field of a file, as the file has it",
    "member": "a member of a signed document",
    "parameters": "a query parameter, as the address has it",
    "permission": "a permission, as the interface has it; pages say it in words of their own",
    "problems": "what a check of signatures says, line by line",
    "purpose": "a purpose of a key, as the interface has it",
    "purposes": "a purpose of an account of the ledger",
    "notice_channel_unknown.channel": "a channel, as the operator called it",
    "notice_channel_already_posted.channel": "a channel, as the operator called it",
    "notice_receipt_malformed.channel": "a channel, as the operator called it",
    "channel_not_found.channel": "a channel, as the operator called it",
    "channel_silent.channel": "a channel, as the operator called it",
    "statement_loaded_before.channel": "a channel, as the operator called it",
    "statement_of_another_channel.channel": "a channel, as the operator called it",
    "callback_signature_wrong.channel": "a channel, as the operator called it",
    "callback_nonce_reused.channel": "a channel, as the operator called it",
    "channels": "channels, as the operator called them",
    "timer_already_running.kind": "a clock, as the log has it",
    "timer_can_not_stop.kind": "a clock, as the log has it",
    "timer_not_running.kind": "a clock, as the log has it",
    "timer_pause_unknown.kind": "a clock, as the log has it",
    "bid_evidence_missing.missing": "the codes of the announcement",
    "bid_evidence_missing.unknown": "the codes of the announcement",
    "score_sheets_missing.missing": "a number",
    "spot_check_items_unanswered.missing": "a number",
}
# Whose values all have names.
ENUMS: tuple[tuple[str, str, type[enum.Enum]], ...] = (
    ("ground_not_met", "ground", Ground),
    ("material_missing", "kinds", MaterialKind),
    ("material_missing", "kinds", ChangeMaterialKind),
    ("opinion_inconsistent", "overall", Overall),
    ("pricing_regime_not_allowed", "pricing_regime", Regime),
    ("listing_effect_unfit", "effect", Effect),
    ("code_malformed", "tree", Tree),
    ("complaint_belongs_elsewhere", "kind", ComplaintKind),
    ("complaint_measure_stands", "kind", MeasureKind),
    ("complaint_target_unclear", "about", About),
    ("complaint_of_other_house", "house", House),
    ("contact_malformed", "channel", Channel),
    ("cancellation_reason_of_other_side", "reason", CancellationReason),
    ("cancellation_reason_of_other_side", "side", Side),
    ("zone_type_conflict", "kind", ZoneKind),
    ("auction_of_another_kind", "kind", AuctionKind),
)
WORD = re.compile(r"[A-Za-z]{2}")


def placeholders(code: str) -> set[str]:
    text = all_wordings()[code].zh
    return {re.split(r"[.\[]", name)[0] for _, name, _, _ in string.Formatter().parse(text) if name}


def test_what_stands_in_a_refusal_has_a_name_or_needs_none() -> None:
    nameless = sorted(
        f"{code}.{fact}"
        for code in all_wordings()
        for fact in placeholders(code)
        if fact not in PLAIN
        and not {fact, f"{code}.{fact}"} & set(AS_PROGRAMS_CALL_IT)
        and not table_of(code, fact)
    )

    assert nameless == [], "name its values in market/http/names.toml, or say here why not"


def test_nothing_is_excused_that_is_not_said() -> None:
    said = {(code, fact) for code in all_wordings() for fact in placeholders(code)}
    known = {fact for _, fact in said} | {f"{code}.{fact}" for code, fact in said}

    assert set(AS_PROGRAMS_CALL_IT) - known == set()


@pytest.mark.parametrize(("code", "fact", "values"), ENUMS)
def test_every_value_of_a_list_has_a_name(code: str, fact: str, values: type[enum.Enum]) -> None:
    assert {str(each.value) for each in values} - set(table_of(code, fact)) == set()


def test_every_thing_that_a_listing_lacks_and_every_point_of_a_review_has_a_name() -> None:
    assert set(eligibility.WHERE) - set(table_of("listing_not_eligible", "items")) == set()
    points = {*TECHNICAL_POINTS, *COMPLIANCE_POINTS}
    assert points - set(table_of("finding_missing", "points")) == set()


def raised() -> Iterator[tuple[str, str, str, str]]:
    """Yield what is said in so many words where a refusal is raised: place, code, fact, words."""
    codes = {cls.__name__: cls.code for cls in walk.subclasses(DomainError)}
    for module in walk.modules():
        tree = ast.parse(pathlib.Path(str(module.__file__)).read_text("utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            code = codes.get(name)
            if code is None or code not in all_wordings():
                continue
            for keyword in node.keywords:
                if keyword.arg in placeholders(code):
                    for words in spelt(keyword.value):
                        yield f"{module.__file__}:{node.lineno}", code, str(keyword.arg), words


def spelt(said: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression has in it, what is filled in as ``{}``."""
    if isinstance(said, ast.Constant) and isinstance(said.value, str):
        yield said.value
    elif isinstance(said, ast.JoinedStr):
        yield "".join(
            str(each.value) if isinstance(each, ast.Constant) else "{}" for each in said.values
        )
    elif isinstance(said, ast.BoolOp):
        for each in said.values:
            yield from spelt(each)
    elif isinstance(said, ast.IfExp):
        yield from spelt(said.body)
        yield from spelt(said.orelse)
    elif isinstance(said, ast.List | ast.Tuple):
        for each in said.elts:
            yield from spelt(each)


def test_what_is_spelt_where_a_refusal_is_raised_has_a_name() -> None:
    nameless = {
        place: (code, fact, words)
        for place, code, fact, words in raised()
        if WORD.search(words.replace("{}", ""))
        and not {fact, f"{code}.{fact}"} & set(AS_PROGRAMS_CALL_IT)
        and fact not in PLAIN
        and words not in table_of(code, fact)
    }

    assert nameless == {}, "name it in market/http/names.toml"
    assert len(list(raised())) > 100


def test_a_reason_with_something_in_it_is_said_in_chinese_with_it_in_its_place() -> None:
    unreachable = "harvest_source_unreachable"

    assert name_of(unreachable, "reason", "more than 5 redirects", "zh") == "跳转超过 5 次"
    assert name_of(unreachable, "reason", "more than 5 redirects", "en") == "more than 5 redirects"
    assert name_of("status_list_unreadable", "reason", "no place 9 in 1 bytes", "zh") == (
        "1 字节中没有第 9 位"
    )


def test_what_a_library_says_is_told_as_what_it_is() -> None:
    told = name_of("harvest_source_unreachable", "reason", "All connection attempts failed", "zh")

    assert told == "All connection attempts failed（原文）"


@pytest.mark.parametrize(
    "told",
    ["2026-11-28T17:47:21.676475+00:00", "2026-11-28 17:47:21+00:00", "2026-11-29T01:47:21+08:00"],
)
def test_an_instant_in_a_refusal_is_told_in_beijing_time_and_not_as_a_machine_writes_it(
    told: str,
) -> None:
    said = words("offer_expired", {"valid_until": told})

    assert said.zh == "要约已于 2026年11月29日 01:47:21 失效。"
    assert said.en == "The offer was open until 2026-11-29 01:47:21 (UTC+8)."


def test_no_name_is_english() -> None:
    han = re.compile(r"[\u4e00-\u9fff]")
    tables = [*all_names()["zh"].items()]
    tables += [
        (f"{code}.{fact}", table)
        for code, facts in all_names()["of"].items()
        for fact, table in facts.items()
    ]
    # What is called so in Chinese too.
    same = {"GB", "API"}

    assert {
        (where, value)
        for where, table in tables
        for value, words in table.items()
        if not han.search(words) and words not in same
    } == set()


def test_an_amount_is_told_in_yuan_and_its_unit_is_not_said_twice() -> None:
    told = {
        code: (words_of.zh, words_of.en)
        for code, words_of in all_wordings().items()
        if "_fen}" in words_of.zh + words_of.en
    }

    assert len(told) >= 30
    for code, texts in told.items():
        for text in texts:
            assert not re.search(r"_fen\}\s*(分|fen|元|yuan|¥)", text), f"{code}: {text}"


@pytest.mark.parametrize(
    ("code", "facts", "zh", "en"),
    [
        (
            "escrow_amount_differs",
            {"due_fen": 123_456, "amount_fen": 5},
            "应付 ¥1,234.56，实收 ¥0.05。",
            "¥1,234.56 is due, ¥0.05 came.",
        ),
        (
            "break_not_settled_this_way",
            {"difference_fen": -123_456_789, "way": "…"},
            "-¥1,234,567.89",
            "-¥1,234,567.89",
        ),
    ],
)
def test_an_amount_of_a_refusal_reads_as_people_write_money(
    code: str, facts: dict[str, object], zh: str, en: str
) -> None:
    said = words(code, facts)

    assert zh in said.zh
    assert en in said.en


def test_what_is_no_amount_is_told_as_it_is_also_where_an_amount_should_stand() -> None:
    assert "1.5" in words("escrow_amount_differs", {"due_fen": "1.5", "amount_fen": 1}).zh
