"""Carry messages by e-mail (电子邮件): to the operator's own SMTP server (RFC 5321), STARTTLS.

"Taken" means that this server answered 250 to the whole message: it has it and answers for it.
A bounce that comes back later by mail is not read here.
"""

from __future__ import annotations

import asyncio
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

import aiosmtplib

from catalog.kernel.clock import Clock
from catalog.notifications.delivering import Answer, Message, Outcome
from catalog.notifications.model import Channel
from market.settings import Settings

TIMEOUT_SECONDS: Final = 10.0
_PERMANENT: Final = 500


class EmailCarrier:
    """Hand messages to one SMTP server."""

    channel: Final = Channel.EMAIL

    def __init__(self, settings: Settings, clock: Clock) -> None:
        assert settings.smtp_host is not None, "an e-mail carrier has a server"
        self._settings = settings
        self._host: Final = settings.smtp_host
        self._clock = clock

    async def carry(self, message: Message) -> Answer:
        """Hand ``message`` over and return what the server answered.

        Only what concerns the recipient is permanent. A wrong password, a missing STARTTLS, a
        refused sender are ours to mend: the message waits.
        """
        mail = self._mail(message)
        message_id = str(mail["Message-ID"])
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                text = await self._send(mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            return _refusal(refused.code, refused.message, message_id)
        except aiosmtplib.SMTPDataError as error:
            return _refusal(error.code, error.message, message_id)
        except aiosmtplib.SMTPResponseException as error:
            return _deferred(str(error.code), error.message, message_id)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return _deferred("", f"{type(error).__name__}: {error}", message_id)
        return Answer(outcome=Outcome.TAKEN, code="250", text=text, message_id=message_id)

    async def _send(self, mail: EmailMessage) -> str:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=settings.smtp_port,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            username=settings.smtp_username,
            password=settings.smtp_password,
            timeout=TIMEOUT_SECONDS,
            cert_bundle=None if settings.smtp_ca_file is None else str(settings.smtp_ca_file),
        )
        async with client:
            _, text = await client.send_message(mail)
        return str(text)

    def _mail(self, message: Message) -> EmailMessage:
        sender = Address(addr_spec=self._settings.smtp_sender)
        mail = EmailMessage()
        mail["From"] = sender
        mail["To"] = Address(addr_spec=message.address)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(self._clock.now())
        # The same at each try, so that a message that came twice is known as one.
        mail["Message-ID"] = f"<{message.delivery_id}@{sender.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(f"{message.text}\n{self._settings.public_url}/inbox\n", charset="utf-8")
        return mail


def _refusal(code: int, text: str, message_id: str) -> Answer:
    outcome = Outcome.REJECTED if code >= _PERMANENT else Outcome.DEFERRED
    return Answer(outcome=outcome, code=str(code), text=text, message_id=message_id)


def _deferred(code: str, text: str, message_id: str) -> Answer:
    return Answer(outcome=Outcome.DEFERRED, code=code, text=text, message_id=message_id)
