"""Serve the register of certificates, and verify one by its number (登记簿、验真)."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.certificates import queries as certificates
from catalog.certificates import states as certificate_states
from catalog.certificates.model import CertificateSummary, PublicCertificate
from catalog.certificates.number import is_well_formed
from catalog.certificates.standing import (
    InstantStillToCome,
    InstantUnreadable,
    Standing,
    instant_of,
)
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from market.http.command import Command, read
from market.http.context import AnyRequest, actor, context
from market.http.problem import status_of
from market.http.wording import words
from market.portal.register_reasons import reason_of
from market.portal.render import OWN_SCRIPT, go, language_of, page
from market.portal.show import cleaned, linker, one_of
from market.portal.wording import Speaker

_PAGE_SIZE: Final = 20
_DIGEST: Final = re.compile(r"[0-9A-F]{64}")
_WALL_CLOCK: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")


@get("/certificates", include_in_schema=False)
async def list_certificates(
    request: AnyRequest,
    *,
    number: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Take a certificate's number to be checked, and show the register (登记簿)."""
    if typed := _number(number):
        return go(f"/certificates/{_as_path(await _named(request, typed))}")
    wanted = one_of(certificate_states.State, request.query_params.get("status"))

    async def look(c: Command) -> Page[CertificateSummary]:
        return await certificates.list_public(
            c.tx, state=wanted, limit=_PAGE_SIZE, cursor=cursor or None
        )

    return page(
        request,
        "certificates.html",
        register=await read(request, look),
        states=list(certificate_states.State),
        wanted=wanted,
        link=linker("/certificates", {"status": wanted}),
        is_continued=bool(cursor),
    )


async def _named(request: AnyRequest, typed: str) -> str:
    """Return the number that was typed, or that of the document whose digest was."""
    if not _DIGEST.fullmatch(typed):
        return typed

    async def look(c: Command) -> str | None:
        return await certificates.find_number_by_sha256(c.tx, typed)

    return await read(request, look) or typed


class _Looked(msgspec.Struct, frozen=True):
    """A certificate, whether the reader holds it, and what was asked about an instant."""

    certificate: PublicCertificate
    is_holder: bool
    standing: Standing | None = None
    refused: InstantUnreadable | InstantStillToCome | None = None


@get("/certificates/{number:str}", include_in_schema=False)
async def show_certificate(
    request: AnyRequest, number: FromPath[str], at: FromQuery[str | None] = None
) -> Response[bytes]:
    """Verify a certificate by its number (验真): in words, and how to check it without us.

    ``at`` asks for another instant than now, as a form of a browser writes it or with its offset.
    """
    typed = _number(number) or ""
    if not is_well_formed(typed):
        return _unknown_certificate(request, typed, is_well_formed=False)
    if typed != number:
        return go(f"/certificates/{_as_path(typed)}")

    async def look(c: Command) -> _Looked | None:
        try:
            public = await certificates.get_public(c.tx, typed)
        except Missing:
            return None
        holder = await certificates.find(c.tx, typed)
        is_holder = holder is not None and holder.registrant_party_id == c.actor.party_id
        if not at:
            return _Looked(public, is_holder)
        try:
            instant = instant_of(_with_offset(at), now=c.now)
        except (InstantUnreadable, InstantStillToCome) as refused:
            return _Looked(public, is_holder, refused=refused)
        standing = await certificates.get_standing(c.tx, typed, at=instant)
        return _Looked(public, is_holder, standing)

    looked = await read(request, look)
    if looked is None:
        return _unknown_certificate(request, typed, is_well_formed=True)
    found, refused = looked.certificate, looked.refused
    wiring = context(request)
    public_url = wiring.settings.public_url.rstrip("/")
    return page(
        request,
        "certificate.html",
        status=200 if refused is None else status_of(refused),
        headers=OWN_SCRIPT,
        reason_of=functools.partial(reason_of, speak=Speaker(language_of(request))),
        refusal=None if refused is None else words(refused.code, refused.facts),
        signed_beside=sorted(wiring.certificate_signers),
        is_witnessed=wiring.witnesses is not None,
        is_stamped=wiring.timestamping is not None,
        certificate=found,
        content=found.content,
        standing=looked.standing,
        may_have_bundle=looked.is_holder and actor(request).may("proof_bundle:issue"),
        asked_at=at or "",
        file_address=f"/api/v1/certificates/{typed}",
        file_url=f"{public_url}/api/v1/certificates/{typed}",
    )


def _unknown_certificate(
    request: AnyRequest, number: str, *, is_well_formed: bool
) -> Response[bytes]:
    return page(
        request,
        "certificate_unknown.html",
        status=404,
        number=number,
        is_well_formed=is_well_formed,
    )


def _number(typed: str | None) -> str | None:
    # People type full width, small letters and blanks; a number has none of them.
    folded = unicodedata.normalize("NFKC", typed or "").upper()
    return cleaned("".join(folded.split()))


def _with_offset(given: str) -> str:
    # A form writes the time of a clock on the wall: here that of Beijing.
    return f"{given}+08:00" if _WALL_CLOCK.fullmatch(given) else given


def _as_path(number: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c == "-") else "_" for c in number)
