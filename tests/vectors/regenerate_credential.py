"""Write ``credential.json``: a certificate as vc+jwt and its status list, byte for byte."""

from __future__ import annotations

import datetime as dt
import json
import pathlib

import msgspec

from catalog.certificates import credential, status_list
from catalog.certificates.credential import Place
from catalog.certificates.format import document_bytes
from catalog.certificates.states import State
from catalog.signing import jws
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from tests.pure.test_certificates_format import make_document

PATH = pathlib.Path(__file__).with_name("credential.json")
BASE = "https://market.example"
NOW = dt.datetime(2026, 5, 14, 1, 30, tzinfo=dt.UTC)
SIGNER = Signer(Purpose.CREDENTIAL, bytes(range(1, 33)))
LISTER = Signer(Purpose.STATUS_LIST, bytes(range(2, 34)))
PLACE = Place(0, 94_567)


def vector() -> dict[str, object]:
    """Return the vector as this code makes it. The seeds are 01 02 … 20 and 02 03 … 21."""
    document = document_bytes(make_document())
    said = credential.credential(document, place=PLACE, base=BASE, now=NOW)
    bits = status_list.bits_of([(7, State.REVOKED), (100, State.FROZEN)])
    listed = credential.list_credential(
        bits, number=PLACE.list_number, version=1, base=BASE, name="shushi.example/log", now=NOW
    )
    return {
        "keys": {signer.key_id: signer.public_key.hex() for signer in (SIGNER, LISTER)},
        "credential": _signed(SIGNER, msgspec.json.encode(said)),
        "status_list": _signed(LISTER, msgspec.json.encode(listed)),
        "set": {"7": "revoked", "100": "suspended"},
        "index": PLACE.place,
        "checked_at": NOW.isoformat(),
    }


def _signed(signer: Signer, payload: bytes) -> str:
    kid = credential.kid_of(BASE, signer.key_id)
    message = jws.signing_input(payload, typ=credential.TYP, kid=kid)
    return jws.assemble(message, signer.sign(message)).decode()


if __name__ == "__main__":
    PATH.write_text(json.dumps(vector(), ensure_ascii=False, indent=2) + "\n", "utf-8")
