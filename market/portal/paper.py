"""Say what stands on a certificate's paper (凭证纸面形式), in Chinese with the English beside.

Nothing stands there that the signed document does not say, least of all a state: 以在线验证为准.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import segno

from catalog.certificates.format import CertificateDocument
from catalog.kernel.local_time import SHANGHAI
from catalog.rulebooks import registry
from catalog.rulebooks.rulebook import CodeScheme
from market.portal import dates
from market.portal.wording import Speaker

ZH: Final = Speaker("zh")
EN: Final = Speaker("en")


class Both(msgspec.Struct, frozen=True):
    """The same in both languages."""

    zh: str
    en: str


class Row(msgspec.Struct, frozen=True):
    """One thing that the certificate states, and what."""

    zh: str
    en: str
    lines: tuple[Both, ...]


class Holder(msgspec.Struct, frozen=True):
    """A right that stands by itself, and who holds it (权利主体)."""

    right: Both
    holder: Both
    id: str


class Section(msgspec.Struct, frozen=True):
    """A part of the page under a heading."""

    zh: str
    en: str
    rows: tuple[Row, ...]
    holders: tuple[Holder, ...] = ()


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """All that the template needs."""

    layout: str  # "province" or "national": by the rulebook's own numbers
    title: Both
    number_label: Both
    number: str
    issuer: str
    date: tuple[int, ...]
    sections: tuple[Section, ...]
    holder_head: tuple[Both, ...]
    online: Both
    online_lead: Both
    address: str
    sha256: str
    key_label: Both
    key_id: str
    qr_alt: str
    footer: Both
    file_name: str
    file_told: str


def paper(said: CertificateDocument, *, sha256: str, key_id: str) -> Paper:
    """Return the page of a certificate, in the layout of its rulebook."""
    issued = dt.datetime.fromisoformat(said.issued_at).astimezone(SHANGHAI)
    is_national = registry.by_code(said.ruleset).code_scheme is CodeScheme.NATIONAL
    return Paper(
        layout="national" if is_national else "province",
        title=_label("paper_title", said.ruleset),
        number_label=_word("paper.code" if is_national else "certificate.number"),
        number=said.registration_number,
        issuer=said.issuer,
        date=issued.astimezone(dt.UTC).timetuple()[:6],
        sections=_national(said, issued) if is_national else _province(said, issued),
        holder_head=(_word("paper.right"), _word("paper.holder"), _word("paper.id")),
        online=_word("certificate.online"),
        online_lead=_word("paper.online_lead"),
        address=said.verification_url,
        sha256=sha256,
        key_label=_word("paper.signed_with"),
        key_id=key_id,
        qr_alt=ZH("paper.qr", url=said.verification_url),
        footer=_word("paper.footer"),
        file_name=f"{said.registration_number}.json",
        file_told=ZH("paper.file"),
    )


def qr_svg(said: CertificateDocument, sha256: str) -> str:
    """Return the code that leads to the page of the certificate, with the digest behind the ``#``.

    What stands behind it is never sent; whoever compares it with the page needs no paper to type from.
    """
    image = io.BytesIO()
    segno.make(f"{said.verification_url}#sha256={sha256}", error="m", micro=False).save(
        image, kind="svg", border=2, xmldecl=False, dark="#1d2733"
    )
    return image.getvalue().decode()


def _province(said: CertificateDocument, issued: dt.datetime) -> tuple[Section, ...]:
    """Return the six things of HN-17 first and in its order, then how it came to be."""
    stated = (
        _row("certificate.product", _same(said.product_name)),
        _row("certificate.owners", *_owners(said)),
        _row("certificate.form", _label("form", said.product_form)),
        _row("certificate.validity", _validity(said)),
        _row("certificate.scenarios", *_scenarios(said)),
        _row("certificate.number", _same(said.registration_number)),
        _row("certificate.rights", _rights(said)),
    )
    return (
        _section("paper.stated", stated),
        _section("paper.issue", _issue(said, issued)),
    )


def _national(said: CertificateDocument, issued: dt.datetime) -> tuple[Section, ...]:
    """Return who holds which right first, then the product, then how it came to be."""
    rights = _row("certificate.rights", _rights(said))
    holders = tuple(
        Holder(
            right=_label("right", held.right),
            holder=_with_kind(held.name, held.kind),
            id=held.id_masked,
        )
        for held in said.right_holders
    )
    stated = (
        _row("certificate.product", _same(said.product_name)),
        _row("certificate.owners", *_owners(said)),
        _row("certificate.form", _label("form", said.product_form)),
        _row("certificate.validity", _validity(said)),
        _row("certificate.scenarios", *_scenarios(said)),
        *_where(said.restrictions, "paper.restrictions", _same(said.restrictions)),
        *_where(said.ai_generated, "product.ai", _label("ai", said.ai_generated)),
    )
    return (
        _section("paper.holders", () if holders else (rights,), holders),
        _section("paper.product", stated),
        _section("paper.issue", _issue(said, issued)),
    )


def _issue(said: CertificateDocument, issued: dt.datetime) -> tuple[Row, ...]:
    ends_on = dates.parsed(said.valid_through)
    authorised, notice = said.authorised_by, said.notice
    rows: list[Row] = [
        _row("certificate.issuer", _same(said.issuer)),
        _row("certificate.issued", _both(dates.instant, issued)),
    ]
    if ends_on is not None:
        rows.append(_row("certificate.valid_through", _both(dates.last_day, ends_on)))
    if authorised is not None:
        told = f"{authorised.authority}　{authorised.authorisation_number}"
        rows.append(_row("certificate.authority", _same(told)))
    rows.extend(_where(said.agency_name, "certificate.agency", _same(said.agency_name)))
    if notice is not None:
        rows.append(_row("certificate.notice", _same(f"{notice.starts_on} — {notice.ends_on}")))
    rows.extend(_where(said.notice_waived, "paper.notice_waived", _same(said.notice_waived)))
    rows.append(_row("certificate.application", _same(said.application_number)))
    rows.extend(_where(said.supersedes, "certificate.supersedes", _same(said.supersedes)))
    if said.by_instrument is not None:
        named = said.by_instrument
        told = f"{named.issuing_body}　{named.document_number}（{named.effective_on}）"
        rows.append(_row("paper.by_instrument", _same(told)))
    if said.remarks:
        rows.append(_row("certificate.remarks", *map(_same, said.remarks)))
    rows.append(_row("certificate.ruleset", _label("rulebook", said.ruleset)))
    return tuple(rows)


def _owners(said: CertificateDocument) -> Iterable[Both]:
    for owner in said.owners:
        kind = _label("owner_kind", owner.kind)
        share = _word("certificate.share", share=owner.share)
        zh = f"{owner.name}（{kind.zh}，{owner.id_masked}，{share.zh}）"
        yield Both(zh, f"{kind.en}, {share.en}")


def _with_kind(name: str, kind: str) -> Both:
    told = _label("owner_kind", kind)
    return Both(f"{name}（{told.zh}）", told.en)


def _rights(said: CertificateDocument) -> Both:
    named = [_label("right", right) for right in said.rights]
    if not named:
        return _word("paper.no_right")
    return Both("、".join(each.zh for each in named), ", ".join(each.en for each in named))


def _scenarios(said: CertificateDocument) -> Iterable[Both]:
    for scenario in said.scenarios:
        yield _same(scenario.get("description") or scenario.get("code", ""))


def _validity(said: CertificateDocument) -> Both:
    return Both("，".join(_validity_in(said, ZH)), ", ".join(_validity_in(said, EN)))


def _validity_in(said: CertificateDocument, speak: Speaker) -> Iterable[str]:
    for name in ("from", "to"):
        stated = said.product_validity.get(name, "")
        on = dates.parsed(stated)
        if stated:
            shown = stated if on is None else dates.plain(on, speak.language)
            yield speak(f"product.validity_{name}", day=shown)
    if cycle := said.product_validity.get("update_cycle"):
        yield speak("products.cycle", cycle=speak.label("update_cycle", cycle))


def _section(key: str, rows: tuple[Row, ...], holders: tuple[Holder, ...] = ()) -> Section:
    told = _word(key)
    return Section(told.zh, told.en, rows, holders)


def _row(key: str, *lines: Both) -> Row:
    told = _word(key)
    return Row(told.zh, told.en, lines)


def _where(said: str, key: str, line: Both) -> tuple[Row, ...]:
    return (_row(key, line),) if said else ()


def _word(key: str, **facts: object) -> Both:
    return Both(ZH(key, **facts), EN(key, **facts))


def _label(group: str, value: str) -> Both:
    return Both(ZH.label(group, value), EN.label(group, value))


def _both(tell: Any, at: Any) -> Both:
    return Both(tell(at, "zh"), tell(at, "en"))


def _same(text: str) -> Both:
    return Both(text, text)
