"""A certificate on paper: what stands on it, how it is set, and that machines read it back."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import pathlib
import re
import shutil
import subprocess
from typing import Any

import msgspec
import pytest
from asn1crypto import pem, x509
from cryptography.x509 import load_pem_x509_certificate
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from catalog.certificates import format as certificate_format
from catalog.certificates.format import RightHeld, document_bytes
from catalog.certificates.model import Certificate
from catalog.certificates.number import CertificateNumber
from catalog.certificates.states import State
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.ids import PartyId, new_id
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.portal import glyphs, paper, seal_certificates, sealing, typesetting
from tests.api import Api
from tests.makers_registration import make_scene
from tests.pure.test_certificates_format import SIGNER, make_document

NATIONAL: dict[str, Any] = {
    "registration_number": "SJ4602026110001",
    "ruleset": "nda-35-2026",
    "rights": ("hold", "use"),
    "valid_through": "2028-11-27",
    "restrictions": "仅限省内港口企业使用",
    "ai_generated": "partly",
    "right_holders": (
        RightHeld("hold", "示例数据科技有限公司", "legal_person", "9146**********0001"),
        RightHeld("use", "示例气象服务有限公司", "legal_person", "9146**********0002"),
    ),
}


def certificate(**changes: Any) -> Certificate:
    said = make_document(**changes)
    document = document_bytes(said)
    at = dt.datetime.fromisoformat(said.issued_at)
    return Certificate(
        number=CertificateNumber(said.registration_number),
        application_id=new_id(),
        product_id=new_id(),
        product_name=said.product_name,
        registrant_party_id=PartyId(new_id()),
        version=1,
        document=document,
        record_sha256=sha256_hex(document),
        key_id=SIGNER.key_id,
        signature=SIGNER.sign(document),
        issued_at=at,
        issued_by=None,
        entry_id=new_id(),
        state=State.ACTIVE,
        state_since=at,
        open_objections=0,
    )


def tool(name: str, *arguments: object) -> str:
    """Run a program of the machine; skip, saying so, where it is not installed."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    done = subprocess.run([name, *map(str, arguments)], capture_output=True, timeout=60, check=True)
    return done.stdout.decode()


def set_to(folder: pathlib.Path, **changes: Any) -> pathlib.Path:
    path = folder / "paper.pdf"
    path.write_bytes(typesetting.set_certificate(certificate(**changes)))
    return path


def text_of(pdf: pathlib.Path) -> str:
    return re.sub(r"\s+", "", tool("pdftotext", "-layout", pdf, "-"))


def test_the_same_certificate_is_the_same_file_to_the_byte() -> None:
    held = certificate()

    assert typesetting.set_certificate(held) == typesetting.set_certificate(held)


def test_the_page_has_the_six_things_of_article_17_in_their_order() -> None:
    said = paper.paper(make_document(), sha256="ab" * 32, key_id="k")

    stated = [row.zh for row in said.sections[0].rows][:6]
    assert said.layout == "province"
    assert stated == ["数据产品名称", "所有者", "产品形式", "产品时效", "使用场景", "登记编号"]
    assert all(row.en and row.en != row.zh for part in said.sections for row in part.rows)


def test_a_national_certificate_has_its_code_and_its_right_holders_first() -> None:
    said = paper.paper(make_document(**NATIONAL), sha256="ab" * 32, key_id="k")

    assert said.layout == "national"
    assert said.title.zh == "数据产权登记凭证"
    assert said.number_label.zh == "登记凭证编码"
    assert [held.right.zh for held in said.sections[0].holders] == ["持有", "使用"]
    assert {"限制事项", "有效期至", paper.ZH("product.ai")} <= {
        row.zh for part in said.sections for row in part.rows
    }


def test_no_state_stands_on_the_page() -> None:
    said = paper.paper(make_document(), sha256="ab" * 32, key_id="k")

    lines = {line.zh for part in said.sections for row in part.rows for line in row.lines}
    assert said.online.zh == "以在线验证为准"
    assert not lines & {paper.ZH.label("certificate", state) for state in State}


def test_what_applies_only_sometimes_is_told_where_it_does() -> None:
    named = certificate_format.InstrumentNamed(
        "judgment", "海口市中级人民法院", "（2026）琼01民终1号", "2026-05-01", "ab" * 32
    )
    said = paper.paper(
        make_document(
            authorised_by=None,
            notice=None,
            notice_waived="涉及商业秘密",
            agency_name="",
            by_instrument=named,
            supersedes="HN-QQ-2026-0000001J",
            remarks=("备注一", "备注二"),
            rights=(),
            scenarios=({"code": "port_safety"},),
            product_validity={"from": "2026-05-14", "to": "长期"},
        ),
        sha256="ab" * 32,
        key_id="k",
    )

    rows = {row.zh: [line.zh for line in row.lines] for part in said.sections for row in part.rows}
    assert rows["免予公示的理由"] == ["涉及商业秘密"]
    assert rows["备注"] == ["备注一", "备注二"]
    assert rows["登记的权利"] == ["不登记权利"]
    assert rows["使用场景"] == ["port_safety"]
    assert rows["产品时效"] == ["自 2026年5月14日，至 长期"]
    assert "海口市中级人民法院" in rows["生效法律文书"][0]
    assert not {"授权机构", "公示期", "合规审查机构"} & set(rows)


@pytest.mark.parametrize("changes", [{}, NATIONAL], ids=["province", "national"])
def test_it_is_one_tagged_page_of_a4_with_its_fonts_and_the_signed_file_inside(
    tmp_path: pathlib.Path, changes: dict[str, Any]
) -> None:
    pdf = set_to(tmp_path, **changes)
    held = certificate(**changes)

    about = tool("pdfinfo", pdf)
    tool("pdfdetach", "-saveall", "-o", tmp_path, pdf)
    inside = certificate_format.unpack((tmp_path / f"{held.number}.json").read_bytes())

    assert re.search(r"Tagged:\s+yes", about)
    assert re.search(r"Pages:\s+1\b", about)
    assert "(A4)" in about
    assert re.search(r"CreationDate:.*May 14 .*2026", about)
    fonts = tool("pdffonts", pdf).splitlines()[2:]
    assert len(fonts) == 2
    assert all("SC-Regular" in each and each.split()[-5] == "yes" for each in fonts)
    assert inside.document == held.document
    assert inside.signature.value == held.signature
    written = text_of(pdf)
    for piece in (held.number, "示例气象服务有限公司", "以在线验证为准", held.record_sha256[:32]):
        assert piece in written


def test_the_code_on_the_page_leads_to_the_certificate_with_its_digest(
    tmp_path: pathlib.Path,
) -> None:
    address = "https://market.example/certificates/HN-QQ-2026-0000001J"
    pdf = set_to(tmp_path, verification_url=address)
    tool("pdftoppm", "-r", "150", "-png", "-singlefile", pdf, tmp_path / "page")

    read = tool("zbarimg", "-q", "--raw", "--nodbus", tmp_path / "page.png").strip()

    assert read == f"{address}#sha256={certificate(verification_url=address).record_sha256}"


@pytest.mark.parametrize(
    "name", ["𠮷野家数据", "产品🎉", "ไทย", "*粗* #let x = 1 $y$ <a> \\", "长" * 300]
)
def test_no_name_keeps_the_page_from_being_set(name: str) -> None:
    made = typesetting.set_certificate(certificate(product_name=name))

    assert made.startswith(b"%PDF-")


def test_a_character_that_the_font_lacks_is_named(tmp_path: pathlib.Path) -> None:
    written = text_of(set_to(tmp_path, product_name="𠮷野家"))

    assert "〓(U+20BB7)野家" in written


def test_many_owners_go_on_to_the_next_page(tmp_path: pathlib.Path) -> None:
    owner = make_document().owners[0]
    pdf = set_to(tmp_path, owners=tuple(msgspec.structs.replace(owner) for _ in range(60)))

    assert re.search(r"Pages:\s+[23]\b", tool("pdfinfo", pdf))


@pytest.mark.parametrize("font", [bytes(12), b"\0" * 4 + b"\0\1" + bytes(6) + b"cmap" + bytes(24)])
def test_a_font_without_a_map_of_all_planes_is_refused(font: bytes) -> None:
    with pytest.raises(glyphs.FontUnreadable):
        glyphs.glyphs_of(font)


SEALER = Signer(Purpose.PAPER, bytes(range(9, 41)))
SEAL_KEY = PublicKey(
    SEALER.key_id,
    Purpose.PAPER,
    SEALER.public_key,
    dt.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=dt.UTC),
    algorithm=SEALER.algorithm,
)
SEAL_CERTIFICATE = seal_certificates.certificate_of(
    SEAL_KEY, name="shushi.example/log", sign=SEALER.sign
)


def sealed(folder: pathlib.Path, **changes: Any) -> tuple[pathlib.Path, pathlib.Path]:
    """Return a sealed paper and the certificate of its seal."""
    pdf = typesetting.set_certificate(certificate(**changes))
    paths = folder / "sealed.pdf", folder / "seal.pem"
    made = sealing.sealed(pdf, certificate=SEAL_CERTIFICATE, sign=SEALER.sign)
    paths[0].write_bytes(made)
    paths[1].write_bytes(seal_certificates.as_pem(SEAL_CERTIFICATE))
    return paths


def bottom_line(pdf: pathlib.Path, trusted: pathlib.Path) -> tuple[bool, bool]:
    """Return whether pyhanko's own validator finds a seal intact, and by a key that is trusted."""
    load = x509.Certificate.load(pem.unarmor(trusted.read_bytes())[2])
    with pdf.open("rb") as file:
        signature = PdfFileReader(file).embedded_signatures[0]
        status = validate_pdf_signature(
            signature, ValidationContext(trust_roots=[load], allow_fetching=False)
        )
    return bool(status.intact and status.valid), bool(status.trusted and status.bottom_line)


def test_the_certificate_of_the_seal_follows_from_its_key_and_is_signed_by_it() -> None:
    again = seal_certificates.certificate_of(SEAL_KEY, name="shushi.example/log", sign=SEALER.sign)
    read = load_pem_x509_certificate(seal_certificates.as_pem(SEAL_CERTIFICATE))

    assert again == SEAL_CERTIFICATE
    read.verify_directly_issued_by(read)
    assert read.serial_number == int(SEALER.key_id, 16)
    assert read.not_valid_before_utc == SEAL_KEY.valid_from.replace(microsecond=0)


async def test_the_seal_is_over_the_whole_file_and_every_change_breaks_it(
    tmp_path: pathlib.Path,
) -> None:
    pdf, trusted = await asyncio.to_thread(sealed, tmp_path)
    genuine = await asyncio.to_thread(bottom_line, pdf, trusted)
    raw = bytearray(pdf.read_bytes())
    raw[2_000] ^= 1
    (tmp_path / "changed.pdf").write_bytes(raw)
    broken = await asyncio.to_thread(bottom_line, tmp_path / "changed.pdf", trusted)

    assert genuine == (True, True)
    assert broken != (True, True)


async def test_the_page_of_a_certificate_leads_to_its_paper(
    api: Api, db: Database, clock: ManualClock, tmp_path: pathlib.Path
) -> None:
    scene = await make_scene(api, db, clock)
    _, number = await scene.certified()

    page = await api.http.get(f"/certificates/{number}")
    answer = await api.http.get(f"/certificates/{number}/paper")
    seal = await api.http.get("/certificates/paper-seal.pem")
    missing = await api.http.get("/certificates/HN-QQ-2026-9999999X/paper")
    key = next(
        each
        for each in (await api.http.get("/api/v1/keys")).json()["keys"]
        if each["purpose"] == "paper"
    )
    by_id = await api.http.get(f"/certificates/paper-seals/{key['key_id']}/pem")
    of_no_paper = await api.http.get(f"/certificates/paper-seals/{'0' * 16}/pem")

    assert f'href="/certificates/{number}/paper"' in page.text
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert f'filename="{number}.pdf"' in answer.headers["content-disposition"]
    (tmp_path / "paper.pdf").write_bytes(answer.content)
    (tmp_path / "seal.pem").write_bytes(seal.content)
    assert await asyncio.to_thread(bottom_line, tmp_path / "paper.pdf", tmp_path / "seal.pem") == (
        True,
        True,
    )
    assert missing.status_code == 404
    assert key["algorithm"] == "ecdsa-p256"
    assert by_id.content == seal.content
    assert pem.unarmor(seal.content)[2] == base64.b64decode(key["certificate"])
    assert of_no_paper.status_code == 404
