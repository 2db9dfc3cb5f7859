"""Through HTTP: confirm an address, be told, open the message; the operator sees what failed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalog.audit_log.model import Subject
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import new_id
from catalog.notifications import operations as notifications
from catalog.notifications.delivering import Answer, Message, Outcome
from catalog.notifications.model import Channel
from catalog.notifications.topics import Topic
from tests.api import Api, code
from tests.makers_registration import make_scene

ADDRESS = "legal@supplier.example"


class Postman:
    """A mail server's other side: keeps what came, answers as it is told."""

    channel = Channel.EMAIL

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.answer = Answer(outcome=Outcome.TAKEN, code="250", text="OK", message_id="<1@us>")

    async def carry(self, message: Message) -> Answer:
        self.got.append(message)
        return self.answer


@pytest.fixture
def postman(api: Api) -> Postman:
    found = Postman()
    api.context.carriers = (found,)
    return found


async def _tell(db: Database, who: Any, to: Any, now: Any) -> str:
    async with begin(db, who) as tx:
        sent = await notifications.send(
            tx,
            now=now,
            to=to,
            topic=Topic.NOTICE_ENDED,
            subject=Subject("application", str(new_id())),
            facts={"application_number": "HN1", "ends_on": "2026-03-11", "result": "无异议"},
        )
    return str(sent.id)


async def _code_of(postman: Postman) -> str:
    words = postman.got[-1].text
    return "".join(c for c in words.partition("核验码：")[2].partition("。")[0] if c.isdigit())


async def test_a_supplier_confirms_its_address_is_told_and_opens_the_message(
    api: Api, db: Database, clock: Any, almighty: Any, postman: Postman
) -> None:
    scene = await make_scene(api, db, clock)
    supplier, operator = scene.by(scene.supplier), scene.by(scene.acceptor)

    # Nobody is reached outside at first; a wrong address is refused.
    mine = await supplier.get("/api/v1/my/contact")
    assert mine.json()["email"]["address"] is None
    tag = mine.headers["etag"]
    bad = await supplier.put("/api/v1/my/contact", {"email": "no", "phone": None}, if_match=tag)
    assert code(bad) == "contact_malformed"
    none_asked = await supplier.post(
        "/api/v1/my/contact/confirmations", {"channel": "sms", "code": "1"}
    )
    assert code(none_asked) == "contact_code_not_asked"

    # The code goes to the address, and nowhere else.
    put = await supplier.put("/api/v1/my/contact", {"email": ADDRESS, "phone": None}, if_match=tag)
    assert (put.status_code, put.json()["email"]["pending_address"]) == (200, ADDRESS)
    await api.run_jobs()
    assert postman.got[-1].address == ADDRESS
    right = await _code_of(postman)
    assert right not in put.text

    # A wrong code is counted, the same request sent again is answered the same.
    for _ in range(2):
        wrong = await supplier.post(
            "/api/v1/my/contact/confirmations", {"channel": "email", "code": "x"}, key="once"
        )
        assert (code(wrong), wrong.json()["facts"]["left"]) == ("contact_code_wrong", 4)
    confirmed = await supplier.post(
        "/api/v1/my/contact/confirmations", {"channel": "email", "code": right}
    )
    assert confirmed.json()["email"]["address"] == ADDRESS

    # A decision is told: in the inbox and by mail.
    party = (await supplier.get("/api/v1/me")).json()["party"]["id"]
    sent = await _tell(db, almighty, party, clock.now())
    await api.run_jobs()
    assert "HN1" in postman.got[-1].text
    inbox = (await supplier.get("/api/v1/my/notifications")).json()
    (item,) = [i for i in inbox["items"] if i["id"] == sent]
    assert (item["text"], item["read_at"]) == (None, None)
    seen = (await supplier.get(f"/api/v1/my/notifications/{sent}")).json()
    assert seen["text"] is None

    opened = await supplier.post(f"/api/v1/my/notifications/{sent}/openings")
    assert "HN1" in opened.json()["text"]["zh"]
    assert opened.json()["received_by"] == "read"

    proof = (await operator.get(f"/api/v1/notifications/{sent}/proof")).json()
    assert proof["receipt"]["basis"] == "read"
    assert proof["deliveries"][0]["attempts"][0]["message_id"] == "<1@us>"
    assert ADDRESS not in json.dumps(proof)

    # A full mailbox: the operator sees it; the message is in the inbox all the same.
    postman.answer = Answer(outcome=Outcome.REJECTED, code="552", text="mailbox full")
    lost = await _tell(db, almighty, party, clock.now())
    await api.run_jobs()
    failed = (await operator.get("/api/v1/undeliverable-notifications")).json()["items"]
    assert [(f["notification_id"], f["last_answer"]) for f in failed] == [(lost, "mailbox full")]
    assert (await supplier.get(f"/api/v1/my/notifications/{lost}")).status_code == 200

    # Others see neither.
    assert (await operator.get(f"/api/v1/my/notifications/{sent}")).status_code == 404
    assert (await supplier.get(f"/api/v1/notifications/{sent}/proof")).status_code == 403
    assert (await api.get("/api/v1/my/notifications")).status_code == 401
