"""One document as people hold it: genuine, changed, or not to be judged."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from catalog.audit_log import handed_out
from catalog.audit_log.export_format import KeyRow, Keys
from catalog.audit_log.verdict import ExitCode, Unreadable
from catalog.signing.canonical import canonical
from catalog.signing.model import ED25519
from catalog.signing.purposes import Purpose
from tests.log_of_tests import signer_of

DOCUMENT = {"registration_number": "HN-DPR-2026-0001", "名称": "海南省港口作业数据"}
TYPES = {
    Purpose.CERTIFICATE: "shushi/certificate/1",
    Purpose.REPORT: "shushi/report/1",
    Purpose.STATEMENT: "shushi/statement/1",
}


def _keys(**changes: Any) -> Keys:
    return Keys(
        log="the log's own key is not asked here",
        keys=[
            msgspec.structs.replace(
                KeyRow(
                    key_id=signer_of(purpose).key_id,
                    purpose=purpose.value,
                    algorithm=ED25519,
                    public_key=signer_of(purpose).public_key,
                    valid_from="2026-01-01T00:00:00Z",
                ),
                **changes,
            )
            for purpose in TYPES
        ],
    )


def _held(purpose: Purpose = Purpose.CERTIFICATE, **changes: Any) -> bytes:
    seal = signer_of(purpose).seal(canonical(DOCUMENT))
    return msgspec.json.encode(
        {"type": TYPES[purpose], "document": DOCUMENT, "signature": seal} | changes
    )


@pytest.mark.parametrize("purpose", TYPES)
@pytest.mark.parametrize(
    "document",
    [DOCUMENT, base64.b64encode(canonical(DOCUMENT)).decode()],
    ids=["as an object", "as its bytes"],
)
def test_what_the_service_signed_is_genuine(purpose: Purpose, document: Any) -> None:
    verdict = handed_out.check(_held(purpose, document=document), _keys())

    assert (verdict.problems, verdict.exit_code) == ((), ExitCode.GENUINE)
    assert verdict.counts == {purpose.value: 1}


def test_a_changed_document_is_named_by_its_number() -> None:
    verdict = handed_out.check(_held(document=DOCUMENT | {"名称": "别的数据"}), _keys())

    assert str(verdict.first_bad) == (
        "certificate HN-DPR-2026-0001: "
        "its signature does not verify: document or signature was changed"
    )


def test_a_signature_made_for_one_purpose_is_none_for_another() -> None:
    seal = signer_of(Purpose.REPORT).seal(canonical(DOCUMENT))

    verdict = handed_out.check(_held(signature=seal), _keys())

    assert "is not one of the service's for this" in str(verdict.first_bad)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"holder_party_id": "somebody"}, "is not one of the service's for this"),
        ({"key_id": "0" * 16}, "is not one of the service's for this"),
        ({"public_key": bytes(32)}, "is malformed"),
    ],
)
def test_a_key_that_is_not_the_services_own_proves_nothing(
    changes: dict[str, Any], reason: str
) -> None:
    assert reason in str(handed_out.check(_held(), _keys(**changes)).first_bad)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xff", "no certificate, report or statement"),
        (b"[]", "no certificate, report or statement"),
        (_held(document="not base64!"), "no certificate, report or statement"),
        (_held(document={"amount": 2**60}), "no certificate, report or statement"),
        (_held(type="shushi/poem/1"), "a document of type shushi/poem/1 is not known here"),
    ],
    ids=["no text", "no object", "no base64", "no canonical form", "no known type"],
)
def test_what_is_no_document_of_the_service_is_not_judged(raw: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        handed_out.check(raw, _keys())


def test_without_keys_nothing_is_judged() -> None:
    with pytest.raises(Unreadable, match="--keys"):
        handed_out.check(_held(), None)
