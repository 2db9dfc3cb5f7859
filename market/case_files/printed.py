"""Write a case file for people: one page of HTML in Chinese, to be read and printed on A4 (打印卷宗)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from catalog.kernel.local_time import SHANGHAI
from market.case_files.model import CaseFile, Later
from market.case_files.words import DAY_WITHOUT_CLOCK, DOCUMENTS, word

_STYLE: Final = """
@page { size: A4; margin: 18mm 16mm; }
body { font: 10.5pt/1.55 "Noto Serif CJK SC", "Source Han Serif SC", SimSun, serif; color: #111;
       max-width: 178mm; margin: 12mm auto; }
h1 { font-size: 18pt; text-align: center; letter-spacing: .2em; margin: 0 0 2mm; }
h2 { font-size: 12.5pt; border-bottom: .4pt solid #111; margin: 8mm 0 2mm; break-after: avoid; }
h3 { font-size: 10.5pt; margin: 4mm 0 1mm; break-after: avoid; }
table { border-collapse: collapse; width: 100%; }
th, td { border: .3pt solid #777; padding: 1mm 1.6mm; text-align: left; vertical-align: top;
         overflow-wrap: anywhere; }
th { background: #f1f1f1; font-weight: 600; white-space: nowrap; }
.facts th { width: 9em; } .hash { font: 8pt/1.3 ui-monospace, monospace; } .sub { text-align: center; }
tr { break-inside: avoid; } p { margin: 1mm 0; }
"""

_WEEKDAYS: Final = "一二三四五六日"


def page(case: CaseFile, *, key_id: str) -> bytes:
    """Return the whole page. It shows what ``case.json`` holds; only that is signed."""
    application = case.application
    parts = [
        "<h1>数据产品确权登记卷宗</h1>",
        f'<p class="sub">{_text(application.get("application_number") or "（未提交）")}</p>',
        "<h2>一、申请</h2>",
        _facts(
            ("适用规则", case.rulebook["title"]),
            ("主管部门", case.rulebook["authority"]),
            ("办理状态", word(application["state"])),
            ("产品编号", application["product_id"]),
            ("申请人编号", application["applicant_party_id"]),
            ("代理机构编号", application["agent_party_id"]),
            ("提交时间", _when(application["submitted_at"])),
            ("受理时间", _when(application["accepted_at"])),
            ("未结异议", application["open_objections"]),
        ),
        "<h2>二、材料</h2>",
        _table(
            ("种类", "版本", "摘要（SHA-256）或不适用理由"),
            (
                (word(m["kind"]), m["version"], _hash(m["sha256"]) or m["not_applicable_reason"])
                for m in case.materials
            ),
        ),
        *_consents(case),
        "<h2>三、受理意见与审查决定</h2>",
        _table(
            ("事项", "结果", "理由", "时间"),
            (
                *(
                    ("受理意见", word(o["result"]), "；".join(o["reasons"]), _when(o["decided_at"]))
                    for o in case.acceptance_opinions
                ),
                *(
                    ("审查决定", word(d["result"]), _reasons(d), _when(d["decided_at"]))
                    for d in case.review_decisions
                ),
            ),
        ),
        "<h2>四、意见书与授权</h2>",
        *(_document(each.kind, each.sha256, each.content) for each in case.documents),
        "<h2>五、公示</h2>",
        _table(
            ("公示期", "渠道与网址", "结果"),
            (
                (
                    f"{n['starts_on'] or '—'} 至 {n['ends_on'] or '—'}",
                    "；".join(f"{word(p['channel'])} {p['url']}" for p in n["postings"]),
                    word(n["result"] or n["state"]),
                )
                for n in case.notices
            ),
        ),
        "<h2>六、异议</h2>",
        _table(
            ("收到时间", "理由", "状态", "处理意见", "办结方式"),
            (
                (
                    _when(o["received_at"]),
                    "、".join(word(ground) for ground in o["grounds"]),
                    word(o["state"]),
                    word((o["determination"] or {}).get("outcome") or "—"),
                    word(o["closing"] or "—"),
                )
                for o in case.objections
            ),
        ),
        "<h2>七、凭证</h2>",
        _table(
            ("登记编号", "状态", "换发", "摘要（SHA-256）"),
            (
                (
                    c.number,
                    word(c.state),
                    c.superseded_by or c.supersedes,
                    _hash(c.sha256),
                )
                for c in case.certificates
            ),
        ),
        *_later(case.later),
        f"<h2>{'八' if case.later is None else '九'}、期限</h2>",
        *(_clock(clock) for clock in case.clocks),
        "<h2>核验</h2>",
        "<p>本页供阅读；具有证明力的是卷宗压缩包内的 case.json 及其签名。</p>",
        f"<p>签名密钥 {escape(key_id)}。离线核验：market verify 卷宗.zip。</p>",
        f'<p class="hash">{escape(case.trace_sha256)}  trace.json（SHA-256）</p>',
        f"<p>制作时间：{_when(case.drawn_up_at)}</p>",
    ]
    title = escape(str(application.get("application_number") or application["id"]))
    head = f'<meta charset="utf-8"><title>卷宗 {title}</title><style>{_STYLE}</style>'
    body = "".join(parts)
    return (
        f'<!doctype html><html lang="zh-CN"><head>{head}</head><body>{body}</body></html>'.encode()
    )


def _consents(case: CaseFile) -> Iterable[str]:
    """Return the consents of joint owners (共同所有者同意), if there is more than one owner."""
    if case.consents:
        yield "<p>共同所有者同意</p>"
        yield _table(
            ("所有者编号", "方式", "所同意内容的摘要（SHA-256）", "同意时间", "撤回时间"),
            (
                (
                    c["owner_party_id"],
                    word(c["basis"]),
                    _hash(c["content_sha256"]),
                    _when(c["given_at"]),
                    _when(c["withdrawn_at"]),
                )
                for c in case.consents
            ),
        )


def _later(later: Later | None) -> Iterable[str]:
    """Return the chapter on what became of the certificates; none where the file does not tell it."""
    if later is None:
        return
    yield "<h2>八、发证后事项</h2>"
    changes = [each["change"] for each in later.changes]
    yield _table(
        ("变更、更正", "凭证", "状态", "换发"),
        (
            (
                f"{'更正' if c['kind'] == 'correction' else '变更'} {c['change_number']}",
                c["certificate_number"],
                word(c["state"]),
                c["new_certificate_number"],
            )
            for c in changes
        ),
    )
    yield _table(
        ("重新发放", "依据", "更正内容摘要（SHA-256）", "换发"),
        (
            (
                r["certificate_number"],
                f"{word(r['ground'])} {r['ground_id']}",
                _hash(r["corrected_sha256"]),
                r["new_certificate_number"],
            )
            for r in later.reissues
        ),
    )
    yield _table(
        ("权利负担", "权利人", "期间", "解除"),
        (
            (
                word(e["kind"]),
                e["beneficiary"],
                f"{e['since_on']} 至 {e['until_on'] or '解除'}",
                _when(e["released_at"]),
            )
            for e in later.encumbrances
        ),
    )
    yield _table(
        ("法律文书", "文号", "状态", "执行"),
        (
            (
                f"{i['issuing_body']} {word(i['kind'])}",
                i["document_number"],
                word(i["state"]),
                word(i["applied_as"] or "—"),
            )
            for i in later.instruments
        ),
    )


class _Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def _text(value: Any) -> str:
    if isinstance(value, _Markup):
        return value
    return "—" if value in (None, "") else escape(str(value))


def _when(instant: str | None) -> str | None:
    """Return an instant as people here write it: local time, to the second."""
    if instant is None:
        return None
    local = dt.datetime.fromisoformat(instant).astimezone(SHANGHAI)
    return local.strftime("%Y年%m月%d日 %H:%M:%S")


def _hash(value: Any) -> str | None:
    return None if value is None else _Markup(f'<span class="hash">{escape(str(value))}</span>')


def _facts(*pairs: tuple[str, Any]) -> str:
    rows = "".join(f"<tr><th>{name}</th><td>{_text(value)}</td></tr>" for name, value in pairs)
    return f'<table class="facts">{rows}</table>'


def _table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    body = "".join(
        "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    if not body:
        return "<p>无。</p>"
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    return f"<table><tr>{head}</tr>{body}</table>"


def _reasons(decision: Mapping[str, Any]) -> str:
    grounds = "；".join(f"{g['ground']}：{g['facts']}" for g in decision["grounds"])
    return "；".join(part for part in (grounds, decision["reasons"]) if part)


def _document(kind: str, sha256: str, content: Mapping[str, Any]) -> str:
    findings = content.get("findings") or {}
    rows = [
        (word(point), "通过" if found["passed"] else "不通过", found.get("remarks"))
        for point, found in findings.items()
    ]
    overall = word(content.get("overall") or content.get("authorisation_number"))
    return f"<h3>{DOCUMENTS[kind]}：{_text(overall)}</h3><p>{_hash(sha256)}</p>" + (
        _table(("审查要点", "结论", "说明"), rows) if rows else ""
    )


def _clock(clock: Mapping[str, Any]) -> str:
    timer, period = clock["timer"], clock["timer"]["period"]
    name = word(timer["kind"])
    due = f"{clock['last_day']}{'（暂定）' if clock['provisional'] else ''}"
    facts = (
        f"<h3>{_text(name)}：{_text(due)} 届满，{word(timer['state'])}</h3>"
        f"<p>{_text(clock['counted_from'])} 起算（当日不计），{period['length']}"
        f"{'个工作日' if period['unit'] == 'working_days' else '日'}，依据 {_text(period['source'])}；"
        f"工作日依 {_text('、'.join(clock['notice_numbers']))}。</p>"
    )
    days = "；".join(_day(step) for step in clock["days"])
    return f"{facts}<p>{days}</p>" if days else facts


def _day(step: Mapping[str, Any]) -> str:
    day = dt.date.fromisoformat(str(step["day"]))
    counted = f"第 {step['counted']} 日" if step["counted"] else "不计"
    reason = DAY_WITHOUT_CLOCK if step["reason"] == "paused" else word(step["reason"])
    return f"{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}，{reason}）{counted}"
