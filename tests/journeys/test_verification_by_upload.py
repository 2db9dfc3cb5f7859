"""Whoever holds a file hands it in: what it is worth, as of any instant, and why, or why not at all."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import zipfile
from typing import Any
from urllib.parse import quote

import pytest

from catalog.witnessing import log_proof
from market.channels.isolated import Examiners, ExaminersBusy, UploadNotExamined
from market.verification.kinds import MAX_BYTES
from tests import uploads
from tests.api import code
from tests.journeys import test_certificate_proofs as proofs
from tests.journeys.test_certificate_proofs import Proven
from tests.makers_registration import must

proven = proofs.proven  # a service with one witness and one timestamp authority

PATH = "/api/v1/certificate-verifications"


async def handed_in(proven: Proven, raw: bytes, query: str = "") -> Any:
    return await proven.scene.api.http.post(
        PATH + query, content=raw, headers={"content-type": "application/octet-stream"}
    )


async def told(proven: Proven, raw: bytes, query: str = "") -> dict[str, Any]:
    answer = await handed_in(proven, raw, query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def faults(said: dict[str, Any]) -> list[str | None]:
    return [bad.get("fault") for bad in said["problems"]]


@pytest.fixture
async def certified(proven: Proven) -> Proven:
    _, proven.number = await proven.scene.certified()
    await proven.rounds()
    return proven


async def faces(certified: Proven) -> dict[str, bytes]:
    http, path = certified.scene.api.http, f"/api/v1/certificates/{certified.number}"
    return {
        "paper": (await http.get(f"/certificates/{certified.number}/paper")).content,
        "document": (await http.get(path)).content,
        "signed": (await http.get(f"{path}/signatures/sm2")).content,
        "credential": (await http.get(f"{path}/credential")).content,
        "log_proof": (await http.get(f"{path}/log-proof")).content,
        "evidence_record": (await http.get(f"{path}/evidence-record")).content,
    }


async def test_every_face_of_a_certificate_is_genuine_and_tells_whether_it_counts(
    certified: Proven,
) -> None:
    for name, raw in (await faces(certified)).items():
        said = await told(certified, raw)

        assert (said["is_genuine"], said["problems"]) == (True, []), (name, said)
        assert said["certificate_number"] == certified.number, name
        assert said["standing"]["counts"] is True, name


async def test_it_is_told_as_of_any_instant_with_the_reasons(proven: Proven) -> None:
    _, proven.number = await proven.scene.certified()
    raw = (await proven.get("credential")).content
    before = proven.scene.clock.now().isoformat()
    proven.scene.clock.move_by(proofs.dt.timedelta(minutes=10))
    path = f"/api/v1/certificates/{proven.number}/freezes"
    must(await proven.scene.by(proven.scene.issuer).post(path, {"reason": "争议"}))

    now = await told(proven, raw)
    then = await told(proven, raw, f"?at={quote(before)}")

    assert now["standing"]["counts"] is False
    assert now["standing"]["because"][0]["zh"]
    assert then["standing"]["counts"] is True
    assert code(await handed_in(proven, raw, "?at=yesterday")) == "instant_unreadable"


async def test_what_was_changed_is_not_genuine_and_says_why(certified: Proven) -> None:
    made = await faces(certified)
    pdf = bytearray(made["paper"])
    pdf[len(pdf) // 2] ^= 1  # in a font
    document = json.loads(made["signed"])
    document["signature"]["algorithm"] = "ed25519"
    header, body, signature = made["credential"].split(b".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"vc+jwt"}').rstrip(b"=")
    proof = log_proof.parse_log_proof(made["log_proof"])
    lost = proofs.msgspec.structs.replace(proof, hashes=proof.hashes[1:]).text()

    for raw, fault in (
        (bytes(pdf), "signature_wrong"),
        (json.dumps(document).encode(), "algorithm_differs"),
        (header + b"." + body + b"." + signature[:-4] + b"AAAA", "signature_wrong"),
        (none + b"." + body + b".", "unsigned"),
        (lost, "not_included"),
        (made["log_proof"].replace(b"shushi.example", b"another.example"), "other_log"),
    ):
        said = await told(certified, raw)
        assert said["is_genuine"] is False
        assert faults(said)[0] == fault, said
        assert said["certificate_number"] is None


async def test_a_proof_under_a_smaller_checkpoint_than_one_knows_is_old(
    certified: Proven,
) -> None:
    raw = (await faces(certified))["log_proof"]

    said = await told(certified, raw, "?known_size=999999")

    assert faults(said) == ["checkpoint_too_old"]


async def test_what_is_not_what_it_says_is_refused_by_name(certified: Proven) -> None:
    made = await faces(certified)
    pdf = made["paper"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("a", b"a")
    bare = base64.b64encode(b"{}").decode()
    for raw, refusal in (
        (b"", "upload_empty"),
        (b"hello", "upload_unknown"),
        (b"{" + b" " * MAX_BYTES, "upload_too_large"),
        (pdf + archive.getvalue(), "upload_ambiguous"),
        (pdf + b"<script>", "upload_ambiguous"),
        (made["document"] + pdf, "upload_ambiguous"),
        (archive.getvalue(), "upload_unreadable"),
        (uploads.added_to(pdf), "pdf_changed_after_seal"),
        (uploads.with_another_file(pdf), "pdf_holds_other_than_one_file"),
        (uploads.encrypted(pdf), "pdf_encrypted"),
        (uploads.with_file(made["document"]), "pdf_not_sealed"),
        (b"%PDF-1.7\nnothing\n%%EOF\n", "pdf_unreadable"),
        (b'{"type":"shushi-certificate-v1"}', "upload_unreadable"),
        (f"c2sp.org/tlog-proof@v1\nindex 0\n\n{bare}\n".encode(), "upload_unreadable"),
        (b'{"format":"shushi/evidence-record/1","leaf":""}', "upload_unreadable"),
    ):
        answer = await handed_in(certified, raw)
        assert code(answer) == refusal, answer.text
        assert answer.status_code == 422


async def test_a_document_of_a_stolen_key_was_never_issued(certified: Proven) -> None:
    document = json.loads((await faces(certified))["document"])
    said = json.loads(base64.b64decode(document["document"]))
    said["product_name"] = "别的产品"
    raw = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    signature = certified.context.signers[proofs.Purpose.CERTIFICATE].seal(raw)
    forged = {
        "type": "shushi-certificate-v1",
        "document": base64.b64encode(raw).decode(),
        "signature": proofs.msgspec.to_builtins(signature),
    }

    answer = await told(certified, json.dumps(forged).encode())

    assert (answer["is_genuine"], faults(answer)) == (False, ["not_bound"])
    assert answer["standing"] is None


async def test_a_bomb_is_stopped_and_too_many_are_sent_away(certified: Proven) -> None:
    pdf = (await faces(certified))["paper"]
    slow = Examiners(seconds=0.01)
    given = await _given(certified)
    with pytest.raises(UploadNotExamined):
        await slow.examine(pdf, given)
    big = uploads.with_file(b"\0" * 40_000_000)  # 40 kB on the wire
    assert code(await handed_in(certified, big)) in ("pdf_not_sealed", "pdf_unreadable")

    crowd = Examiners(seconds=0.01)
    came = await asyncio.gather(
        *(crowd.examine(pdf, given) for _ in range(12)), return_exceptions=True
    )
    assert {type(each) for each in came} == {UploadNotExamined, ExaminersBusy}


async def _given(certified: Proven) -> Any:
    from catalog.kernel.actor import PUBLIC
    from catalog.kernel.db import begin
    from market.http.uploads import given_for

    async with begin(certified.context.db, PUBLIC) as tx:
        return await given_for(tx, certified.context, 0)


async def test_people_hand_a_file_in_on_a_page(certified: Proven) -> None:
    http = certified.scene.api.http
    pdf = (await faces(certified))["paper"]
    own = {"origin": certified.context.settings.public_url}

    empty = await http.get("/verify")
    genuine = await http.post("/verify", files={"file": ("我的.pdf", pdf)}, headers=own)
    then = await http.post(
        "/verify", files={"file": ("a.pdf", pdf)}, data={"at": "2020-01-01T09:00"}, headers=own
    )
    refused = await http.post(
        "/verify?lang=en", files={"file": ("a.pdf", uploads.encrypted(pdf))}, headers=own
    )
    nothing = await http.post("/verify", data={"at": ""}, headers=own)

    assert 'enctype="multipart/form-data"' in empty.text
    assert (genuine.status_code, "真实" in genuine.text) == (200, True)
    assert certified.number in genuine.text
    assert "我的.pdf" in genuine.text
    assert "不作有效凭证" in then.text
    assert (refused.status_code, "The PDF is encrypted" in refused.text) == (422, True)
    assert nothing.status_code == 422
    page = await http.get(f"/certificates/{certified.number}")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "script-src 'none'" in empty.headers["content-security-policy"]
