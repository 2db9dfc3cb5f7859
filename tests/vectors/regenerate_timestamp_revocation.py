"""Write ``timestamp_revocation.json`` anew: a record with its revocation list, and what speaks for and against it.

The authority's keys are made each time, so the file is another each time, and as good.
"""

from __future__ import annotations

import base64
import datetime as dt
import pathlib
from typing import Any

import msgspec
from cryptography.x509 import ReasonFlags
from cryptography.x509.ocsp import OCSPCertStatus

from tests.log_of_tests import ORIGIN
from tests.timed_log import TimedLog

PATH = pathlib.Path(__file__).with_name("timestamp_revocation.json")
HOUR = dt.timedelta(hours=1)


def vector() -> dict[str, Any]:
    log = TimedLog()
    log.grow(3)
    root, certificate, now = log.authority.root, log.authority.certificate, log.now
    log.lists = (root.revoked(now),)
    log.stamp()

    def told(hours: int, reason: ReasonFlags | None) -> str:
        since = now + hours * HOUR
        return base64.b64encode(root.revoked(since, (certificate, since, reason))).decode()

    def answered(hours: int | None, reason: ReasonFlags | None = None) -> str:
        if hours is None:
            return base64.b64encode(root.answer(certificate, now)).decode()
        since = now + hours * HOUR
        revoked = OCSPCertStatus.REVOKED
        told = root.answer(certificate, now, revoked, since=since, reason=reason)
        return base64.b64encode(told).decode()

    return {
        "origin": ORIGIN,
        "tsa_ca": log.authority.pem().decode(),
        "record": log.raw[0].decode(),
        "refused_with": {
            "superseded an hour before": told(-1, ReasonFlags.superseded),
            "key compromised, told a day later": told(24, ReasonFlags.key_compromise),
            "no reason, told a day later": told(24, None),
            "a responder: superseded an hour before": answered(-1, ReasonFlags.superseded),
            "a responder: key compromised": answered(24, ReasonFlags.key_compromise),
        },
        "accepted_with": {
            "superseded a day later": told(24, ReasonFlags.superseded),
            "a responder: it stands": answered(None),
            "a responder: superseded a day later": answered(24, ReasonFlags.superseded),
        },
    }


if __name__ == "__main__":
    PATH.write_bytes(msgspec.json.format(msgspec.json.encode(vector()), indent=1) + b"\n")
