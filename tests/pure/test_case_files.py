"""The case file: read back, drawn up again byte for byte, printed, and checked; what was changed is named."""

from __future__ import annotations

import datetime as dt
import enum
import io
import itertools
import json
import pathlib
import uuid
import warnings
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from catalog.audit_log.checkpoint import parse_vkey
from catalog.audit_log.export_format import Keys
from catalog.audit_log.model import Digest
from catalog.audit_log.verdict import Unreadable
from catalog.certificates.model import Change, LogPlace, PublicCertificate
from catalog.certificates.states import State
from catalog.kernel.actor import PUBLIC, Clearance
from catalog.kernel.ids import PartyId
from catalog.kernel.workdays import Reason
from catalog.notices.model import Notice
from catalog.notices.model import Result as NoticeResult
from catalog.objections.model import Closing, Objection
from catalog.objections.outcome import Outcome
from catalog.objections.standing import Ground
from catalog.objections.states import State as ObjectionState
from catalog.registration import model as registration
from catalog.registration.acceptance import Result
from catalog.registration.completeness import MaterialKind
from catalog.registration.findings import Overall
from catalog.registration.model import ReviewResult
from catalog.registration.states import State as ApplicationState
from catalog.rulebooks import registry
from catalog.signing.model import Signature
from catalog.timers.explaining import Explanation
from market.case_files import archive, check, drawing_up, words
from market.case_files.model import (
    CASE,
    FILES,
    KEYS,
    PAGE,
    SIGNATURE,
    TRACE,
    CaseFile,
    CaseSignature,
    DocumentNamed,
    Later,
    NotShown,
    Reader,
)
from market.case_files.printed.page import page
from market.supervision.trace import Trace
from market.supervision.withheld import EntryWithheld, Withheld
from seeds.workdays import load_calendar

VECTOR = (pathlib.Path(__file__).parents[1] / "vectors" / "case_file.zip").read_bytes()
UNKNOWN = "01890000-0000-7000-8000-000000000000"


def parts() -> dict[str, bytes]:
    return archive.unpack(VECTOR)


def case() -> CaseFile:
    return msgspec.json.decode(parts()[CASE], type=CaseFile)


def trace() -> Trace:
    return msgspec.json.decode(parts()[TRACE], type=Trace)


def printed_of(told: CaseFile) -> str:
    return page(told, trace(), key_id="00" * 8).decode()


def test_a_genuine_case_file_is_genuine_with_its_keys_and_with_ones_own() -> None:
    keys = msgspec.json.decode(parts()[KEYS], type=Keys)

    own = check.check(VECTOR)
    known = check.check(VECTOR, keys=keys, trusted=parse_vkey(keys.log or ""))

    assert own.problems == known.problems == ()
    assert own.counts["documents"] == 4
    assert own.counts["deadlines counted again"] == len(case().clocks) == 10
    assert any("--keys" in note for note in own.notes)
    assert any("wait for their place" in note for note in own.notes)
    assert not any("--keys" in note for note in known.notes)


def test_the_archive_of_the_same_parts_is_the_same_bytes() -> None:
    assert archive.pack(parts()) == VECTOR


def test_the_same_case_is_drawn_up_to_the_same_bytes() -> None:
    told = case()
    records = {(each.kind, each.id): each for each in trace().records}

    def bytes_of(named: DocumentNamed) -> dict[str, Any]:
        record = records[named.kind, named.id]
        signature = record.signatures[0] if record.signatures else Signature("00" * 8, b"")
        return {
            "id": named.id,
            "document": record.record,
            "sha256": named.sha256,
            "key_id": signature.key_id,
            "signature": signature.value,
            "application_id": told.application["id"],
            "round": 1,
            "agency_party_id": UNKNOWN,
            "bureau_party_id": UNKNOWN,
            "contract_id": UNKNOWN,
            "reviewer_account_id": None,
            "overall": named.content.get("overall"),
            "authority": "",
            "authorisation_number": "",
            "submission_no": told.application["submission_no"],
            "decided_by": None,
            "decided_at": told.application["created_at"],
            "recorded_at": told.application["created_at"],
        }

    def documents(kind: str, of: Any) -> tuple[Any, ...]:
        return tuple(
            msgspec.convert(bytes_of(each), of) for each in told.documents if each.kind == kind
        )

    application = msgspec.convert(told.application, registration.Application)
    (authorisation,) = documents("issuance_authorisation", registration.IssuanceAuthorisation)
    again = drawing_up.draw_up(
        registration.ApplicationFile(
            application=application,
            materials=msgspec.convert(told.materials, tuple[registration.Material, ...]),
            submissions=msgspec.convert(told.submissions, tuple[registration.Submission, ...]),
            acceptance_opinions=msgspec.convert(
                told.acceptance_opinions, tuple[registration.AcceptanceOpinion, ...]
            ),
            technical_opinions=documents("technical_opinion", registration.TechnicalOpinion),
            compliance_opinions=documents("compliance_opinion", registration.ComplianceOpinion),
            review_decisions=msgspec.convert(
                told.review_decisions, tuple[registration.ReviewDecision, ...]
            ),
            notifications=msgspec.convert(
                told.notifications, tuple[registration.DecisionNotification, ...]
            ),
            material_requests=(),
            authorisation=authorisation,
            notice_id=None,
        ),
        rulebook=registry.by_code(told.rulebook["code"]),
        notices=msgspec.convert(told.notices, tuple[Notice, ...]),
        objections=msgspec.convert(told.objections, tuple[Objection, ...]),
        certificates=[
            PublicCertificate(
                number=each.number,
                type="",
                content=each.content,
                document=b"",
                signature=Signature("00" * 8, b""),
                public_key=b"",
                record_sha256=each.sha256,
                state=State(each.state),
                state_since=each.state_since,
                history=msgspec.convert(each.history, tuple[Change, ...]),
                log=LogPlace(
                    entry_id=application.id,
                    index=None,
                    entry_url=None,
                    inclusion_proof_url=None,
                ),
            )
            for each in told.certificates
        ],
        timers=[msgspec.convert(clock, Explanation).timer for clock in told.clocks],
        calendar=load_calendar(),
        trace=drawing_up.trace_bytes(trace()),
        now=dt.datetime.fromisoformat(told.drawn_up_at),
        later=msgspec.convert(msgspec.to_builtins(told.later), drawing_up.LaterLife),
        not_shown=told.not_shown,
    )

    again = drawing_up.with_enclosed(again, parts())
    assert drawing_up.signed_bytes(again) == parts()[CASE]


def test_the_page_shows_the_case_in_words() -> None:
    signature = msgspec.json.decode(parts()[SIGNATURE], type=CaseSignature)

    made = page(case(), trace(), key_id=signature.key_id)

    assert made == parts()[PAGE]
    text = made.decode()
    for told in (
        "公示：2026-03-11 届满，按期办结",
        "诉讼或仲裁中",
        "争议冻结",
        "合规性评估意见书：通过",
        "某数据有限公司（法人，份额 1/1）",
        "抽样核对",
        "证据不足",
        "<b>第 7 日</b>",
        "休息日，不计",
        "2月15日—23日",
        "certificate:<wbr>issued",
        "待入册",
    ):
        assert told in text


def test_the_consents_of_joint_owners_are_printed() -> None:
    consent = {
        "owner_party_id": UNKNOWN,
        "basis": "signed_document",
        "content_sha256": "ab" * 32,
        "given_at": "2026-03-02T01:00:00Z",
        "withdrawn_at": None,
    }

    text = printed_of(msgspec.structs.replace(case(), consents=(consent,)))

    assert "共同所有者同意" not in printed_of(case())
    assert "签署的书面同意" in text
    assert "ab" * 32 in text


def test_a_case_of_which_little_is_known_is_printed_too() -> None:
    little = msgspec.structs.replace(
        case(),
        application=case().application
        | {"application_number": None, "submitted_at": None, "accepted_at": None},
        materials=(),
        submissions=(),
        acceptance_opinions=(),
        review_decisions=(
            {
                "result": "refuse",
                "grounds": [{"ground": "other_statutory", "facts": "<事实>"}],
                "reasons": "",
                "decided_at": "2026-03-02T01:00:00Z",
            },
        ),
        documents=(),
        notices=(),
        objections=(),
        certificates=(),
        clocks=tuple(clock | {"provisional": True, "days": []} for clock in case().clocks[:1]),
        later=None,
    )

    text = printed_of(little)

    assert "（未提交）" in text
    assert "&lt;事实&gt;" in text
    assert "（暂定）" in text
    assert text.count("<p>无。</p>") == 5
    without_clocks = printed_of(msgspec.structs.replace(little, clocks=()))
    assert "八、期限</h2><p>无。</p>" in without_clocks


def test_what_became_of_the_certificates_is_printed_in_a_chapter_of_its_own() -> None:
    change = {
        "kind": "correction",
        "change_number": "BG-2026-000001",
        "certificate_number": "HN-QQ-2026-00000010",
        "state": "issued",
        "new_certificate_number": "HN-QQ-2026-0000002Y",
    }
    reissue = {
        "certificate_number": "HN-QQ-2026-0000002Y",
        "ground": "objection",
        "ground_id": UNKNOWN,
        "corrected_sha256": "ab" * 32,
        "new_certificate_number": None,
    }
    paper = {
        "kind": "technical_opinion",
        "written_at": "2026-03-02T01:00:00Z",
        "sha256": "ef" * 32,
    }
    clock = case().clocks[0]
    burden = {
        "kind": "pledge",
        "beneficiary": "<银行>",
        "document_number": "质押合同1号",
        "file_sha256": "cd" * 32,
        "since_on": "2026-03-01",
        "until_on": None,
        "released_at": "2026-03-02T01:00:00Z",
    }
    instrument = {
        "issuing_body": "示例市中级人民法院",
        "kind": "judgment",
        "document_number": "（2026）示01民终1号",
        "state": "applied",
        "applied_as": None,
    }
    request = {
        "kind": "renewal",
        "by_law": False,
        "certificate_number": "SJ4602031060001",
        "filed_at": "2026-03-02T01:00:00Z",
        "state": "granted",
        "reason": "到期未续期",
        "decision_reason": None,
        "new_certificate_number": None,
    }

    def transfers() -> Iterator[dict[str, Any]]:
        """Return a transfer for each step that it can have reached."""
        steps = ("accepted_at", "authorised_at", "ended_at", "issued_at")
        for reached in range(len(steps) + 1):
            yield {
                "certificate_number": "HN-QQ-2026-0000002Y",
                "agreement_sha256": "aa" * 32,
                "authorisation_number": None,
                "new_certificate_number": None,
            } | {step: "x" if at < reached else None for at, step in enumerate(steps)}

    told = msgspec.structs.replace(
        case(),
        clocks=(clock | {"timer": clock["timer"] | {"subject_kind": "change"}},),
        later=Later(
            changes=({"change": change, "papers": [paper, paper | {"sha256": None}]},),
            reissues=(reissue,),
            encumbrances=(burden,),
            instruments=(instrument,),
            transfers=tuple(transfers()),
            requests=(request, request | {"kind": "cancellation", "by_law": True}),
        ),
    )

    text = printed_of(told)

    for word in (
        "八、发证后事项",
        "待受让方签署",
        "双方已签署",
        "已授权发证",
        "已撤回",
        "已转移，换发凭证",
        "续期</td>",
        "注销（依规办理）",
        "到期未续期",
        "更正 BG-2026-000001",
        f"异议 {UNKNOWN}",
        "&lt;银行&gt;",
        "2026-03-01 至 解除",
        "质押合同1号",
        "cd" * 32,
        "ef" * 32,
        "变更登记 · 受理意见",
        "示例市中级人民法院 判决",
        "九、期限",
    ):
        assert word in text


def test_what_a_reader_is_not_shown_is_printed_with_its_places_and_digests() -> None:
    hidden = NotShown(
        reader=Reader.AGENCY,
        parts=("objections", "later"),
        trace=Withheld(
            entries=(EntryWithheld(17, "ab" * 32),),
            records=(
                Digest("issuance_authorisation", UNKNOWN, "cd" * 32),
                Digest("certificate", "HN-QQ-2026-00000010", "ef" * 32),
            ),
        ),
    )
    nothing = msgspec.structs.replace(hidden, parts=(), trace=Withheld())
    only_parts = msgspec.structs.replace(hidden, trace=Withheld())
    only_entries = msgspec.structs.replace(
        nothing, trace=msgspec.structs.replace(hidden.trace, records=())
    )

    def printed_with(not_shown: NotShown | None) -> str:
        return printed_of(msgspec.structs.replace(case(), not_shown=not_shown))

    for word in (
        "承办的第三方机构",
        "异议、发证后事项",
        "17",
        "授权发证文件",
        "cd" * 32,
        "ef" * 32,
    ):
        assert word in printed_with(hidden).partition("未向领取人出示的内容")[2]
    assert "未全部出示的部分" in printed_with(only_parts)
    assert "未出示的文件" not in printed_with(only_entries)
    for shown_all in (None, nothing):
        assert "未向领取人出示的内容" not in printed_with(shown_all)


@pytest.mark.parametrize(
    ("clearance", "party", "reader"),
    [
        (Clearance.REGULATOR, "aa", Reader.AUTHORITY),
        (Clearance.STAFF, "aa", Reader.OPERATOR),
        (Clearance.SYSTEM, None, Reader.OPERATOR),
        (Clearance.PARTY, "aa", Reader.OWN_PARTY),
        (Clearance.PARTY, "bb", Reader.AGENCY),
    ],
)
def test_a_case_file_says_for_whom_it_was_drawn_up(
    clearance: Clearance, party: str | None, reader: Reader
) -> None:
    def party_of(letters: str) -> PartyId:
        return PartyId(uuid.UUID(hex=letters * 16))

    viewer = msgspec.structs.replace(
        PUBLIC, clearance=clearance, party_id=None if party is None else party_of(party)
    )

    assert drawing_up.reader_of(viewer, party_of("bb")) is reader


def test_parts_that_are_not_shown_are_told_by_the_verdict() -> None:
    told = json.loads(parts()[CASE])
    told["not_shown"]["parts"] = ["later"]

    verdict = check.check(archive.pack(parts() | {CASE: json.dumps(told).encode()}))

    assert any("or not all of it: later" in note for note in verdict.notes)
    assert any("does not verify" in str(problem) for problem in verdict.problems)


def test_a_file_of_before_says_of_each_entry_that_it_comes_without_its_payload() -> None:
    older = json.loads(parts()[CASE])
    del older["not_shown"]

    verdict = check.check(archive.pack(parts() | {CASE: json.dumps(older).encode()}))

    assert {problem.kind for problem in verdict.problems} == {"case_file"}  # its signature only
    assert "entries not shown to this reader" not in verdict.counts


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("issued", "发证"),
        ("renewed", "续期"),
        ("term_over", "期限届满，未续期"),
        ("change BG-2026-000001", "变更 BG-2026-000001"),
        ("correction BG-2026-000002", "更正 BG-2026-000002"),
        ("agreement " + "ab" * 32, f"协议转让（协议摘要 {'ab' * 32}）"),
        (f"objection {UNKNOWN}", f"依异议 {UNKNOWN} 的处理意见"),
        (f"objection {UNKNOWN}: before a court", f"异议 {UNKNOWN} 进入诉讼或仲裁"),
        (f"objection {UNKNOWN}: issued anew", f"依异议 {UNKNOWN} 的处理意见重新发放"),
        (f"instrument {UNKNOWN}: issued anew", f"依法律文书 {UNKNOWN} 重新发放"),
        ("示例市中级人民法院 （2026）示01民终1号", "示例市中级人民法院 （2026）示01民终1号"),
        ("change", "change"),
    ],
)
def test_why_a_certificate_came_into_a_state_is_said_in_chinese(reason: str, said: str) -> None:
    assert words.why(reason) == said


def test_what_a_case_has_seldom_is_printed_too() -> None:
    clock = case().clocks[2]
    opinion = case().documents[1]
    told = msgspec.structs.replace(
        case(),
        acceptance_opinions=(
            case().acceptance_opinions[0]
            | {"items": [{"target": "form:owners", "problem": "份额不符", "required_action": ""}]},
        ),
        documents=(
            msgspec.structs.replace(
                opinion, content=opinion.content | {"conditions": ["每季复核"]}
            ),
        ),
        notifications=(
            {"channel": "platform", "receipt": "回执一", "delivered_at": "2026-03-02T01:00:00Z"},
        ),
        material_requests=(
            {
                "items": ["测试数据"],
                "reason": "样本不足",
                "asked_at": "2026-03-02T01:00:00Z",
                "answered_at": None,
            },
        ),
        notice_waiver={"reason": "主管部门决定", "waived_at": "2026-03-02T01:00:00Z"},
        clocks=(
            clock | {"timer": clock["timer"] | {"extended_by": 5, "met_at": None}},
            clock
            | {
                "days": [],
                "notice_numbers": [],
                "timer": clock["timer"]
                | {"period": {"length": 2, "unit": "years", "source": "HN-23"}},
            },
        ),
        calendar=(
            msgspec.structs.replace(
                case().calendar[0],
                holidays=tuple(dt.date(2026, *day) for day in ((1, 1), (9, 30), (10, 1))),
                workdays=(),
            ),
        ),
    )

    text = printed_of(told)

    for word in (
        "form:owners：份额不符",
        "每季复核",
        "回执一",
        "样本不足",
        "免予公示",
        "顺延 5 个工作日",
        "2年，依据 HN-23。",
        "1月1日、9月30日—10月1日",
    ):
        assert word in text


def test_a_day_on_which_the_clock_stood_still_is_printed_so() -> None:
    clock = case().clocks[0]
    step = clock["days"][0] | {"reason": "paused", "counted": None}
    paused = msgspec.structs.replace(case(), clocks=(clock | {"days": [step]},))

    assert "中止计时，不计" in printed_of(paused)


def test_a_format_of_the_future_and_a_log_without_a_key_are_unreadable() -> None:
    newer = parts()
    newer[CASE] = newer[CASE].replace(b"shushi/case-file/1", b"shushi/case-file/2")
    keyless = parts()
    keyless[KEYS] = json.dumps(json.loads(keyless[KEYS]) | {"log": None}).encode()

    with pytest.raises(Unreadable, match="not known here"):
        check.check(archive.pack(newer))
    with pytest.raises(Unreadable, match="the log's key"):
        check.check(archive.pack(keyless))


def _changed(name: str, change: Callable[[Any], None]) -> Callable[[dict[str, bytes]], None]:
    def act(given: dict[str, bytes]) -> None:
        content = json.loads(given[name])
        change(content)
        given[name] = json.dumps(content, ensure_ascii=False).encode()

    return act


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (_changed(CASE, lambda c: c["application"].update(state="issued!")), "does not verify"),
        (_changed(CASE, lambda c: c["clocks"][0].update(last_day="2026-03-09")), "counted again"),
        (_changed(CASE, lambda c: c["calendar"][0]["holidays"].pop(0)), "does not verify"),
        (_changed(CASE, lambda c: c["clocks"][0].update(timer={})), "is not readable"),
        (_changed(CASE, lambda c: c["submissions"][0]["dossier"].clear()), "its digest"),
        (_changed(CASE, lambda c: c["documents"][0]["content"].clear()), "not that of its bytes"),
        (_changed(CASE, lambda c: c["documents"][0].update(sha256="00" * 32)), "another digest"),
        (_changed(CASE, lambda c: c["documents"][0].update(id="?")), "bytes are not here"),
        (_changed(TRACE, lambda c: c["stages"].pop()), "not the one that was signed"),
        (_changed(SIGNATURE, lambda c: c.update(application_id=UNKNOWN)), "another application"),
        (_changed(SIGNATURE, lambda c: c.update(key_id="00" * 8)), "not one of the service's"),
        (_changed(KEYS, lambda c: c["keys"].clear()), "not one of the service's"),
    ],
)
def test_what_was_changed_is_named(tamper: Callable[[dict[str, bytes]], None], reason: str) -> None:
    changed = parts()
    tamper(changed)

    verdict = check.check(archive.pack(changed))

    assert any(reason in str(problem) for problem in verdict.problems), verdict.problems


Parts = dict[str, bytes]


def _leaf(value: Any) -> bool:
    """Change the first value that holds no other, and tell whether there was one."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in list(inside):
        if isinstance(each, dict | list):
            if _leaf(each):
                return True
        else:
            value[key] = f"{each}0" if isinstance(each, str) else "0"
            return True
    return False


def _removal(value: Any) -> bool:
    """Remove the last element, or the last member, of the first value that has one."""
    if not value:
        return False
    value.pop() if isinstance(value, list) else value.popitem()
    return True


def _swap(value: Any) -> bool:
    """Swap the first two elements that differ, in the order in which they are found."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    for one, other in itertools.pairwise(keys):
        if value[one] != value[other]:
            value[one], value[other] = value[other], value[one]
            return True
    return any(_swap(value[key]) for key in keys if isinstance(value[key], dict | list))


def _tampered(name: str, act: Callable[[Any], bool]) -> Iterator[tuple[str, bytes]]:
    """Return a member once for each of its parts in which there was something to change."""
    whole = json.loads(parts()[name])
    for part in whole:
        copy = json.loads(parts()[name])
        if isinstance(copy[part], dict | list):
            has_changed = act(copy[part])
        elif act is _removal:
            has_changed = copy.pop(part, act) is not act
        else:
            has_changed = act(copy) if act is _swap else _leaf_of(copy, part)
        if has_changed:
            yield part, json.dumps(copy, ensure_ascii=False, separators=(",", ":")).encode()


def _leaf_of(whole: dict[str, Any], part: str) -> bool:
    one = {part: whole[part]}
    has_changed = _leaf(one)
    whole.update(one)
    return has_changed


def refusal_of(changed: Parts) -> str:
    """Return why an archive is refused; nothing if it is not."""
    try:
        verdict = check.check(archive.pack(changed))
    except Unreadable as error:
        return str(error)
    return " | ".join(map(str, verdict.problems))


@pytest.mark.parametrize("act", [_leaf, _removal, _swap])
@pytest.mark.parametrize("name", [CASE, SIGNATURE, TRACE, KEYS])
def test_whatever_is_changed_in_a_member_is_refused_and_the_member_is_named(
    name: str, act: Callable[[Any], bool]
) -> None:
    tampered = list(_tampered(name, act))

    for part, content in tampered:
        said = refusal_of(parts() | {name: content})
        assert name in said, (part, said)
    assert tampered


@pytest.mark.parametrize("name", FILES)
def test_a_byte_that_is_changed_added_or_removed_is_refused_and_its_member_is_named(
    name: str,
) -> None:
    whole = parts()[name]
    middle = len(whole) // 2
    other = bytes([whole[middle] ^ 1])

    for content in (
        whole[:middle] + other + whole[middle + 1 :],
        whole + b" ",
        whole[:-1],
        whole[::-1],
        b"",
    ):
        assert name in refusal_of(parts() | {name: content})


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(FILES, 2)))
def test_two_members_that_are_swapped_are_refused(one: str, other: str) -> None:
    given = parts()

    said = refusal_of(given | {one: given[other], other: given[one]})

    assert one in said or other in said


@pytest.mark.parametrize("name", FILES)
def test_a_member_that_is_missing_or_comes_twice_is_refused(name: str) -> None:
    files = parts()
    lacking = _archive([(each, files[each]) for each in FILES if each != name])
    double = _archive([*files.items(), (name, files[name])])

    for raw in (lacking, double, _archive([*files.items(), ("more.txt", b"")])):
        with pytest.raises(Unreadable, match="no case file: it holds"):
            check.check(raw)


def test_a_file_of_before_says_that_its_page_is_not_signed() -> None:
    older = json.loads(parts()[CASE])
    del older["enclosed"]

    verdict = check.check(archive.pack(parts() | {CASE: json.dumps(older).encode()}))

    assert any("its page, keys and README are not signed" in note for note in verdict.notes)


def _archive(members: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as made:
        warnings.simplefilter("ignore")  # of a name that comes twice
        for name, content in members:
            made.writestr(name, content)
    return buffer.getvalue()


def _zip(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "raw",
    [
        b"PK\x03\x04 and nothing more",
        _zip(),
        _zip(readme=b"hello"),
        _zip(**dict.fromkeys(FILES, b"{}")),
        _zip(**dict.fromkeys(FILES, b"not json")),
    ],
)
def test_what_is_no_case_file_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        check.check(raw)


def test_a_bomb_is_not_unpacked() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name in FILES:
            made.writestr(name, b"0" * (12 * 1024 * 1024))

    with pytest.raises(Unreadable, match="too large"):
        check.check(buffer.getvalue())


@pytest.mark.parametrize(
    "kind",
    [
        MaterialKind,
        ApplicationState,
        ObjectionState,
        Closing,
        Outcome,
        Ground,
        NoticeResult,
        Reason,
        Result,
        ReviewResult,
        Overall,
    ],
)
def test_every_code_that_is_printed_has_its_word(kind: type[enum.StrEnum]) -> None:
    assert [each.value for each in kind if words.word(each.value) == each.value] == []


@pytest.mark.parametrize("at", [-10, -20, 60, 10_000])
def test_an_archive_that_is_broken_anywhere_is_no_case_file(at: int) -> None:
    raw = bytearray(VECTOR)
    for place in range(at, at + 8):
        raw[place] ^= 0xFF

    with pytest.raises(Unreadable, match="no case file"):
        archive.unpack(bytes(raw))
