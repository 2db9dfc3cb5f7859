"""Speak for the people of the story: sign in, send commands, sign documents, wait for days.

Every command carries a key that is made of its step, so telling the story again sends the same
requests and gets the same answers: a second run changes nothing, and a run that was cut short
goes on where it stopped.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import pathlib
import secrets
import urllib.parse
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.kernel.clock import ManualClock
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import SHANGHAI
from catalog.signing.canonical import framed
from catalog.signing.possession import statement
from catalog.signing.purposes import Purpose


class StoryBroken(RuntimeError):
    """A step was not answered as the story needs. The message has the step and the answer."""


class Teller:
    """Tell the story to one running service."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        clock: ManualClock,
        directory: pathlib.Path,
        jobs: Callable[[], Awaitable[Any]],
        say: Callable[[str, str], None],
        *,
        bootstrap_secret: str,
    ) -> None:
        self.http = http
        self._clock = clock
        self._directory = directory
        self._jobs = jobs
        self.say = say
        self.bootstrap_secret = bootstrap_secret
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._secrets_path = directory / "passwords.json"
        self._told_path = directory / "told.txt"
        self._tokens: dict[str, str] = {}

    # ── time ────────────────────────────────────────────────────────────────────────────────

    async def wait_until(self, day: str, hour: int = 9, minute: int = 0) -> None:
        """Let time pass until a local hour, and let the service do what time brought about."""
        date = dt.date.fromisoformat(day)
        instant = dt.datetime.combine(date, dt.time(hour, minute), SHANGHAI)
        if instant > self._clock.now():
            self._clock.move_to(instant)
        await self._jobs()
        # Sessions end after idle minutes; everybody signs in again on another day.
        self._tokens.clear()

    async def settle(self) -> None:
        """Let the service's jobs run once."""
        await self._jobs()

    @property
    def today(self) -> dt.date:
        """Return the date of the story."""
        return self._clock.now().astimezone(SHANGHAI).date()

    # ── people ──────────────────────────────────────────────────────────────────────────────

    def password_of(self, login: str) -> str:
        """Return the password of a person of the story, made up at random the first time."""
        known: dict[str, str] = {}
        if self._secrets_path.exists():
            known = json.loads(self._secrets_path.read_text("utf-8"))
        if login not in known:
            known[login] = secrets.token_urlsafe(15)
            draft = self._secrets_path.with_suffix(".new")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(known, indent=1), "utf-8")
            draft.replace(self._secrets_path)
        return known[login]

    async def token_of(self, login: str) -> str:
        """Return the session of a person, signing in when there is none."""
        if login not in self._tokens:
            answer = await self.http.post(
                "/api/v1/sessions", json={"login": login, "password": self.password_of(login)}
            )
            self._tokens[login] = self.checked(f"sign in as {login}", answer)["token"]
        return self._tokens[login]

    # ── requests ────────────────────────────────────────────────────────────────────────────

    async def do(
        self, login: str | None, step: str, method: str, path: str, body: Any = None, **headers: str
    ) -> Any:
        """Send one command and return its answer.

        :raises StoryBroken: if it was refused.
        """
        given = {"idempotency-key": f"demo/{step}"}
        if login is not None:
            given["authorization"] = f"Bearer {await self.token_of(login)}"
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.http.request(method, path, json=body or {}, headers=given)
        return self.checked(f"{step}: {method} {path}", answer)

    async def refused(self, login: str | None, step: str, path: str, body: Any, code: str) -> None:
        """Send a command that a rule forbids, and see that it is refused by its name.

        A refusal leaves nothing behind that would answer again, so what was seen once is noted
        beside the story and not asked a second time, when the rule may not forbid it any more.

        :raises StoryBroken: if it was done, or refused for another reason.
        """
        if self.was_told(step):
            return
        given = {"idempotency-key": f"demo/refused/{step}"}
        if login is not None:
            given["authorization"] = f"Bearer {await self.token_of(login)}"
        answer = await self.http.post(path, json=body, headers=given)
        found = answer.json().get("code") if answer.is_error else answer.status_code
        if found != code:
            raise StoryBroken(f"{step}: expected {code}, got {found}: {answer.text[:500]}")
        self.note(step)

    def was_told(self, step: str) -> bool:
        """Tell whether a step without an answer to repeat was told before."""
        return self._told_path.exists() and step in self._told_path.read_text("utf-8").split()

    def note(self, step: str) -> None:
        """Note that a step was told."""
        with self._told_path.open("a", encoding="utf-8") as file:
            file.write(step + "\n")

    def keep(self, name: str, document: Any) -> None:
        """Keep a document that the service handed out, as the person who got it would."""
        if not isinstance(document, bytes):
            document = json.dumps(document, ensure_ascii=False).encode()
        (self._directory / name).write_bytes(document)

    def place_of(self, name: str) -> str:
        """Return where a document is kept."""
        return str((self._directory / name).resolve())

    async def look(self, login: str | None, path: str, **params: Any) -> Any:
        """Read something and return it.

        :raises StoryBroken: if it was refused.
        """
        headers = {} if login is None else {"authorization": f"Bearer {await self.token_of(login)}"}
        answer = await self.http.get(path, params=params or None, headers=headers)
        return self.checked(f"GET {path}", answer)

    async def upload(
        self,
        login: str,
        step: str,
        name: str,
        content: bytes,
        media_type: str,
        **headers: str,
    ) -> Any:
        """Upload a file and return what the service says of it."""
        given = {
            "authorization": f"Bearer {await self.token_of(login)}",
            "idempotency-key": f"demo/{step}",
            "content-type": media_type,
            "x-file-name": urllib.parse.quote(name),
        }
        given |= {key.replace("_", "-"): value for key, value in headers.items()}
        answer = await self.http.post("/api/v1/files", content=content, headers=given)
        return self.checked(f"{step}: upload {name}", answer)

    @staticmethod
    def checked(step: str, answer: httpx.Response) -> Any:
        """Return what an answer holds.

        :raises StoryBroken: if it is a refusal.
        """
        if answer.is_error:
            raise StoryBroken(f"{step}: {answer.status_code} {answer.text[:2000]}")
        if "json" not in answer.headers.get("content-type", ""):
            return answer.content
        return answer.json()

    # ── keys that the service never sees ────────────────────────────────────────────────────

    def key_of(self, holder: str, purpose: Purpose) -> Ed25519PrivateKey:
        """Return the private key of a party of the story; it lies in the story's own directory."""
        path = self._directory / f"{holder}-{purpose.value}.key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(Ed25519PrivateKey.generate().private_bytes_raw())
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())

    async def register_key(self, login: str, holder: str, party_id: str, purpose: Purpose) -> str:
        """Register a party's public key, proving that the party has its private half."""
        private = self.key_of(holder, purpose)
        public = private.public_key().public_bytes_raw()
        proof = private.sign(statement(PartyId(_uuid(party_id)), purpose, public))
        row = await self.do(
            login,
            f"key/{holder}/{purpose.value}",
            "POST",
            "/api/v1/keys",
            {"purpose": purpose.value, "public_key": b64(public), "possession": b64(proof)},
        )
        return str(row["key_id"])

    def sign(self, holder: str, purpose: Purpose, document: bytes) -> str:
        """Return a party's signature over a document, in base64."""
        return b64(self.key_of(holder, purpose).sign(framed(purpose, document)))


def b64(raw: bytes) -> str:
    """Return bytes as JSON carries them."""
    return base64.b64encode(raw).decode()


def _uuid(text: str) -> Any:
    import uuid  # noqa: PLC0415

    return uuid.UUID(text)
