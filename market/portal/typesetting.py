"""Set certificates and statements of accounts as PDF (排版): A4, tagged, PDF/A-3a and PDF/UA-1, the same bytes each time.

The fonts are packaged; none of the machine's is looked for, nothing is fetched. Setting takes some
fifty milliseconds of a core, so it has a thread of its own, in which papers wait for each other and
for nobody else.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import pathlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
import pylopdf_fonts_zh_cn
import typst

from catalog.certificates import format as certificate_format
from catalog.certificates.model import Certificate
from catalog.kernel.local_time import end_of_day
from catalog.signing.model import KeyId, Signature
from market.portal import glyphs, paper, statement_paper
from market.portal.statement_paper import Paper
from settlement.statements.model import Statement

_TEMPLATE: Final = pathlib.Path(__file__).parent / "templates" / "certificate.typ"
_STATEMENT: Final = _TEMPLATE.with_name("statement.typ")
_FONTS: Final = pathlib.Path(pylopdf_fonts_zh_cn.__file__).parent
_USED: Final = ("NotoSerifSC-Regular.otf", "NotoSansSC-Regular.otf")
_SETTER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="typesetting")


async def statement_pdf(statement: Statement) -> bytes:
    """Return a statement of accounts as PDF."""
    return await asyncio.get_running_loop().run_in_executor(_SETTER, set_statement, statement)


async def paper_pdf(page: Paper, day: dt.date) -> bytes:
    """Return what is set like a statement of accounts as PDF; ``day`` stands where a clock would."""
    return await asyncio.get_running_loop().run_in_executor(_SETTER, set_paper, page, day)


def set_statement(statement: Statement) -> bytes:
    """Set a statement of accounts. Its last day stands where a clock would make bytes differ."""
    return set_paper(statement_paper.paper(statement), statement.last_day)


def set_paper(page: Paper, day: dt.date) -> bytes:
    """Set a paper of tables, as of a day."""
    shown = glyphs.showable(msgspec.to_builtins(page), _shows)
    made = _compiler(_STATEMENT).compile(
        format="pdf",
        sys_inputs={"data": msgspec.json.encode(shown).decode()},
        pdf_standards=["a-3a", "ua-1"],
        timestamp=int(end_of_day(day).timestamp()),
    )
    assert isinstance(made, bytes), "one document comes out"
    return made


async def certificate_pdf(certificate: Certificate, seal: Callable[[bytes], bytes]) -> bytes:
    """Return a certificate as PDF, its machine-readable file embedded in it, and sealed."""

    def make() -> bytes:
        return seal(set_certificate(certificate))

    return await asyncio.get_running_loop().run_in_executor(_SETTER, make)


def set_certificate(certificate: Certificate) -> bytes:
    """Set a certificate. Its own instant of issue stands where a clock would make bytes differ."""
    said = certificate_format.read_document(certificate.document)
    signature = Signature(key_id=KeyId(certificate.key_id), value=certificate.signature)
    page = paper.paper(said, sha256=certificate.record_sha256, key_id=certificate.key_id)
    inputs = {
        "data": msgspec.json.encode(glyphs.showable(msgspec.to_builtins(page), _shows)).decode(),
        "qr": paper.qr_svg(said, certificate.record_sha256),
        "file": certificate_format.pack(certificate.document, signature).decode(),
    }
    issued = dt.datetime.fromisoformat(said.issued_at).astimezone(dt.UTC)
    made = _compiler(_TEMPLATE).compile(
        format="pdf",
        sys_inputs=inputs,
        pdf_standards=["a-3a", "ua-1"],
        timestamp=int(issued.timestamp()),
    )
    assert isinstance(made, bytes), "one document comes out"
    return made


@functools.cache
def _compiler(template: pathlib.Path) -> typst.Compiler:
    return typst.Compiler(
        str(template),
        root=str(template.parent),
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,
    )


@functools.cache
def _all_glyphs() -> tuple[glyphs.Glyphs, ...]:
    return tuple(glyphs.glyphs_of((_FONTS / name).read_bytes()) for name in _USED)


def _shows(character: str) -> bool:
    return all(font.has(character) for font in _all_glyphs())
