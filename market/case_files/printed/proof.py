"""Print what the log holds of the case, and how the file is checked (审计日志、核验)."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from catalog.audit_log.leaf import instant
from market.case_files.model import CaseFile
from market.case_files.printed.markup import breakable, digest, facts, lines, table, when
from market.case_files.words import DOCUMENTS, PARTS, STAGES, word
from market.supervision.trace import Trace


def log(case: CaseFile, trace: Trace) -> Iterable[str]:
    """Return every entry of the log about the case, by its place; proofs are in ``trace.json``."""
    entries = sorted(
        ((stage.stage, each) for stage in trace.stages for each in stage.entries),
        key=lambda pair: (pair[1].index is None, pair[1].index, pair[1].at),
    )
    yield '<div class="log">'
    yield table(
        ("序号", "时间", "环节与事件", "依据", "所载文件的摘要（SHA-256）"),
        (
            (
                "待入册" if each.index is None else each.index,
                when(instant(each.at)),
                lines(STAGES[stage.value], breakable(each.event)),
                "、".join(each.rules),
                lines(*(digest(one.sha256) for one in each.digests)),
            )
            for stage, each in entries
        ),
    )
    yield "</div>"
    yield _left_out(case)
    yield "<h3>签名检查点</h3>"
    yield facts(
        ("条目数", trace.checkpoint.size),
        ("根", digest(trace.checkpoint.root)),
    )


def _left_out(case: CaseFile) -> str:
    """Return what whoever got the file is not shown; nothing if it is shown all."""
    told = case.not_shown
    if told is None or not (told.parts or told.trace.entries or told.trace.records):
        return ""
    pairs: list[tuple[str, object]] = [("领取人", word(told.reader.value))]
    if told.parts:
        pairs.append(("未全部出示的部分", "、".join(PARTS[part] for part in told.parts)))
    if told.trace.entries:
        places = "、".join(str(each.index) for each in told.trace.entries)
        pairs.append(("仅证明存在、未出示内容的日志条目（序号）", places))
    if told.trace.records:
        papers = (
            lines(DOCUMENTS.get(d.kind, word(d.kind)), digest(d.sha256)) for d in told.trace.records
        )
        pairs.append(("未出示的文件", lines(*papers)))
    return "<h3>未向领取人出示的内容</h3>" + facts(*pairs)


def checking(case: CaseFile, key_id: str) -> Iterable[str]:
    """Return how this page and the archive are checked, offline."""
    yield (
        "<p>具有证明力的是卷宗压缩包内的 case.json 及其签名；本页、trace.json、keys.json 与"
        " README.txt 的摘要载于 case.json，改动任何一件均可被发现。</p>"
        "<p>离线核验：market verify 卷宗.zip。逐条证明在 trace.json 中；期限按上列通知重新计算。</p>"
    )
    yield facts(
        ("签名密钥", digest(escape(key_id))),
        ("trace.json（SHA-256）", digest(case.trace_sha256)),
        ("制作时间", when(case.drawn_up_at)),
    )
