"""Put the chapters of a case file together on one page, in order (打印卷宗)."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from market.case_files.model import CaseFile
from market.case_files.printed.application import application, decisions, materials
from market.case_files.printed.certificates import certificates, later
from market.case_files.printed.deadlines import calendar, deadlines
from market.case_files.printed.disputes import notices, objections
from market.case_files.printed.markup import text
from market.case_files.printed.opinions import opinions
from market.case_files.printed.proof import checking, log
from market.supervision.trace import Trace

_STYLE: Final = """
@page { size: A4; margin: 18mm 16mm;
        @bottom-center { content: counter(page) " / " counter(pages); font-size: 8.5pt; } }
body { font: 10pt/1.5 "Noto Serif CJK SC", "Source Han Serif SC", SimSun, serif; color: #111;
       max-width: 178mm; margin: 0 auto; }
h1 { font-size: 18pt; text-align: center; letter-spacing: .2em; margin: 4mm 0 2mm; }
h2 { font-size: 12.5pt; border-bottom: .4pt solid #111; margin: 7mm 0 2mm; }
h3 { font-size: 10pt; margin: 4mm 0 1mm; }
h2, h3, thead { break-after: avoid; break-inside: avoid; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1.5mm; }
th, td { border: .3pt solid #777; padding: .8mm 1.4mm; text-align: left; vertical-align: top;
         overflow-wrap: break-word; }
th { background: #f1f1f1; font-weight: 600; white-space: nowrap; }
tbody tr:first-child { break-before: avoid; } tr { break-inside: avoid; }
p { margin: 1mm 0; orphans: 2; widows: 2; } h3 + p { break-after: avoid; }
.facts th { width: 10em; } .sub { text-align: center; }
.hash { font: 6.3pt/1.4 "DejaVu Sans Mono", ui-monospace, monospace; white-space: nowrap; }
.log { font-size: 8pt; line-height: 1.35; }
.weeks { break-inside: avoid; table-layout: fixed; font-size: 8.5pt; line-height: 1.3; }
.weeks th, .weeks td { text-align: center; white-space: normal; } .not { color: #555; background: #f6f6f6; }
"""
_NUMBERS: Final = "一二三四五六七八九十"


def page(case: CaseFile, trace: Trace, *, key_id: str) -> bytes:
    """Return the whole page: what ``case.json`` and ``trace.json`` hold, in words."""
    chapters: list[tuple[str, Iterable[str]]] = [
        ("申请", application(case, trace.product_name)),
        ("材料", materials(case)),
        ("受理意见与审查决定", decisions(case)),
        ("意见书与授权", opinions(case)),
        ("公示", notices(case)),
        ("异议", objections(case)),
        ("凭证", certificates(case)),
        *([] if case.later is None else [("发证后事项", later(case.later))]),
        ("期限", deadlines(case)),
        ("审计日志", log(case, trace)),
    ]
    number = text(case.application.get("application_number") or "（未提交）")
    parts = ["<h1>数据产品确权登记卷宗</h1>", f'<p class="sub">{number}</p>']
    for ordinal, (heading, chapter) in zip(_NUMBERS, chapters, strict=False):
        parts += [f"<h2>{ordinal}、{heading}</h2>", *chapter]
    parts += ["<h2>附：工作日历</h2>", calendar(case)]
    parts += ["<h2>核验</h2>", *checking(case, key_id)]
    title = escape(str(case.application.get("application_number") or case.application["id"]))
    head = f'<meta charset="utf-8"><title>卷宗 {title}</title><style>{_STYLE}</style>'
    body = "".join(parts)
    return (
        f'<!doctype html><html lang="zh-CN"><head>{head}</head><body>{body}</body></html>'.encode()
    )
