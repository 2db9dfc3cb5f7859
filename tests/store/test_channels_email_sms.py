"""E-mail against a real SMTP server in this process, SMS against a gateway and a file."""

from __future__ import annotations

import email
import email.policy
import json
import pathlib
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session

from catalog.kernel.clock import ManualClock
from catalog.notifications.delivering import Message, Outcome
from market.channels.email import EmailCarrier
from market.channels.sms import FileSms, GatewaySms
from market.settings import Settings
from tests.terminal import free_port

MESSAGE = Message(
    delivery_id="0198f0d4-0000-7000-8000-000000000001",
    address="legal@supplier.example",
    subject="公示期满 · The public notice is over",
    text="申请 HN1 的公示已届满。\n\nThe notice has ended.\n",
)


class Mailboxes:
    """A mail server's memory; some recipients it does not know, some it is too busy for."""

    def __init__(self) -> None:
        self.got: list[Envelope] = []

    async def handle_RCPT(
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("busy@"):
            return "451 4.7.1 greylisted, come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:
        if envelope.rcpt_tos[0].startswith("spam@"):
            return "554 5.7.1 not wanted"
        self.got.append(envelope)
        return "250 2.0.0 queued as 4711"


Serve = Callable[..., tuple[Settings, Mailboxes]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    place = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", place / "key.pem",
         "-out", place / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return place


@pytest.fixture
def serve(certificate: pathlib.Path) -> Iterator[Serve]:
    running: list[Controller] = []

    def start(**how: Any) -> tuple[Settings, Mailboxes]:
        boxes, port = Mailboxes(), free_port()
        controller = Controller(boxes, hostname="localhost", port=port, **how)
        controller.start()
        running.append(controller)
        return Settings(smtp_host="localhost", smtp_port=port, smtp_security="none"), boxes

    yield start
    for controller in running:
        controller.stop()


async def test_a_message_arrives_whole_with_chinese_words_and_the_servers_answer_is_kept(
    serve: Serve, clock: ManualClock
) -> None:
    settings, boxes = serve()

    answer = await EmailCarrier(settings, clock).carry(MESSAGE)

    assert (answer.outcome, answer.code) == (Outcome.TAKEN, "250")
    assert "queued as 4711" in answer.text
    assert answer.message_id == f"<{MESSAGE.delivery_id}@shushi.example>"
    (envelope,) = boxes.got
    mail = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
    assert mail["Subject"] == MESSAGE.subject
    assert mail["Message-ID"] == answer.message_id
    assert mail["To"] == MESSAGE.address
    assert mail["Date"].datetime == clock.now().replace(microsecond=0)
    assert "申请 HN1 的公示已届满。" in mail.get_content()


@pytest.mark.parametrize(
    ("address", "outcome", "code"),
    [
        ("nobody@supplier.example", Outcome.REJECTED, "550"),
        ("busy@supplier.example", Outcome.DEFERRED, "451"),
        ("spam@supplier.example", Outcome.REJECTED, "554"),
    ],
)
async def test_what_the_server_refuses_is_told_with_its_own_code(
    serve: Serve, clock: ManualClock, address: str, outcome: Outcome, code: str
) -> None:
    settings, boxes = serve()
    message = msgspec.structs.replace(MESSAGE, address=address)

    answer = await EmailCarrier(settings, clock).carry(message)

    assert (answer.outcome, answer.code) == (outcome, code)
    assert boxes.got == []


async def test_a_server_that_is_not_there_lets_the_message_wait(clock: ManualClock) -> None:
    settings = Settings(smtp_host="127.0.0.1", smtp_port=free_port(), smtp_security="none")

    answer = await EmailCarrier(settings, clock).carry(MESSAGE)

    assert (answer.outcome, answer.code) == (Outcome.DEFERRED, "")


async def test_a_server_without_starttls_gets_nothing_when_starttls_is_wanted(
    serve: Serve, clock: ManualClock
) -> None:
    settings, boxes = serve()
    secure = msgspec.structs.replace(settings, smtp_security="starttls")

    answer = await EmailCarrier(secure, clock).carry(MESSAGE)

    assert answer.outcome is Outcome.DEFERRED
    assert boxes.got == []


@pytest.mark.parametrize("password", ["right", "wrong"])
async def test_starttls_and_a_password_are_used_and_a_wrong_one_is_ours_to_mend(
    serve: Serve, certificate: pathlib.Path, clock: ManualClock, password: str
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

    def admit(_server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"right", handled=False)

    settings, boxes = serve(
        tls_context=tls, require_starttls=True, authenticator=admit, auth_required=True
    )
    ours = msgspec.structs.replace(
        settings,
        smtp_security="starttls",
        smtp_username="shushi",
        smtp_password=password,
        smtp_ca_file=certificate / "cert.pem",
    )

    answer = await EmailCarrier(ours, clock).carry(MESSAGE)

    is_right = password == "right"
    assert answer.outcome is (Outcome.TAKEN if is_right else Outcome.DEFERRED)
    assert len(boxes.got) == int(is_right)


# ── SMS ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def gateway() -> AsyncIterator[tuple[GatewaySms, list[httpx.Request], list[httpx.Response]]]:
    asked: list[httpx.Request] = []
    answers: list[httpx.Response] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if not answers:
            raise httpx.ConnectTimeout("nobody there")
        return answers.pop()

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
        yield GatewaySms("https://sms.example/send", "token", client=client), asked, answers


@pytest.mark.parametrize(
    ("status", "body", "outcome", "message_id"),
    [
        (200, '{"message_id":"m-1"}', Outcome.TAKEN, "m-1"),
        (202, "accepted", Outcome.TAKEN, ""),
        (200, "[1]", Outcome.TAKEN, ""),
        (422, '{"error":"unknown number"}', Outcome.REJECTED, ""),
        (401, "", Outcome.DEFERRED, ""),
        (503, "busy", Outcome.DEFERRED, ""),
    ],
)
async def test_a_gateways_answer_is_kept_as_it_is(
    gateway: Any, status: int, body: str, outcome: Outcome, message_id: str
) -> None:
    carrier, asked, answers = gateway
    answers.append(httpx.Response(status, text=body))

    answer = await carrier.carry(MESSAGE)

    assert (answer.outcome, answer.code, answer.text) == (outcome, str(status), body)
    assert answer.message_id == message_id
    assert asked[0].headers["authorization"] == "Bearer token"
    assert json.loads(asked[0].content)["to"] == MESSAGE.address


async def test_a_gateway_that_is_not_there_lets_the_message_wait(gateway: Any) -> None:
    carrier, _, _ = gateway

    answer = await carrier.carry(MESSAGE)

    assert answer.outcome is Outcome.DEFERRED


async def test_messages_written_to_a_file_stand_there_line_by_line(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "outbox" / "sms.jsonl"
    carrier = FileSms(path)

    for _ in range(2):
        assert (await carrier.carry(MESSAGE)).outcome is Outcome.TAKEN

    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [line["text"] for line in lines] == [MESSAGE.text] * 2
    assert path.stat().st_mode & 0o077 == 0
