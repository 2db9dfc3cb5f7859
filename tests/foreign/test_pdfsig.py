"""What a reader of PDF says of our sealed papers: poppler's pdfsig, with the library of Firefox (NSS)."""

from __future__ import annotations

import pathlib

import pytest

from tests.portal.test_paper import NATIONAL, sealed, tool

VALID = "Signature Validation: Signature is Valid."


def judged(pdf: pathlib.Path, trusted: pathlib.Path | None = None) -> str:
    """Return what pdfsig says to whoever trusts a certificate, or none."""
    store = pdf.parent / ("nobody" if trusted is None else "trusting")
    if not store.exists():
        store.mkdir()
        tool("certutil", "-N", "-d", store, "--empty-password")
        if trusted is not None:
            tool("certutil", "-A", "-d", store, "-n", "seal", "-t", "CT,C,C", "-i", trusted)
    return tool("pdfsig", "-nssdir", store, pdf)


@pytest.mark.parametrize("changes", [{}, NATIONAL], ids=["province", "national"])
def test_the_seal_of_both_layouts_is_valid_and_trusted_by_who_took_the_certificate(
    tmp_path: pathlib.Path, changes: dict[str, object]
) -> None:
    pdf, certificate = sealed(tmp_path, **changes)

    told = judged(pdf, certificate)
    nobody_s = judged(pdf)

    assert VALID in told
    assert "Certificate Validation: Certificate is Trusted." in told
    assert "ETSI.CAdES.detached" in told
    assert "Total document signed" in told
    assert "Signing Hash Algorithm: SHA-256" in told
    assert VALID in nobody_s
    assert "Certificate is Trusted" not in nobody_s


def test_every_part_of_a_changed_paper_is_told_and_what_was_added_behind_is_seen(
    tmp_path: pathlib.Path,
) -> None:
    pdf, certificate = sealed(tmp_path)
    raw = pdf.read_bytes()
    seal = range(raw.index(b"/Contents <"), raw.rindex(b"/ByteRange"))
    places = [place for place in range(1_000, len(raw), len(raw) // 9) if place not in seal]

    changed = tmp_path / "changed.pdf"
    for place in places:
        changed.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert VALID not in judged(changed, certificate), place
    changed.write_bytes(raw + b"\n% more\n")
    assert "Total document signed" not in judged(changed, certificate)
    assert len(places) >= 8
