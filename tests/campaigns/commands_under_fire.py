"""Send commands to a service that is killed again and again, and keep what it acknowledged.

A client sends one command with one key until it is answered, as a careful program does, and only
then the next. What was answered is the truth that the service is held to afterwards.
"""

from __future__ import annotations

import asyncio
import base64
import collections
import hashlib
import json
import pathlib
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.kernel.clock import monotonic
from catalog.signing.canonical import framed
from catalog.signing.model import key_id_of
from catalog.signing.purposes import Purpose
from seeds.demo.catalogue import read_product

SUPPLIER, BUYER, ACCEPTOR, ISSUER = "supplier", "buyer", "acceptor", "issuer"
REGULATOR: Final = "regulator"
PRODUCT: Final = "port_weather_risk"
MATERIALS: Final = (
    "applicant_qualification",
    "application_form",
    "product_description",
    "source_proof",
    "authorisation_channel_proof",
    "security_compliance_statement",
    "truth_statement",
)
_AGAIN: Final = frozenset({"too_busy_try_again", "too_many_sign_ins", "service_unavailable"})
_PATIENCE_SECONDS: Final = 120.0
_DESCRIPTION: Final = read_product(PRODUCT).description
_CONTENT: Final = read_product(PRODUCT).content


class Refusal(AssertionError):
    """A command was refused that nothing forbids."""


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """A command, and the answer that its sender got."""

    kind: str
    login: str
    key: str
    method: str
    path: str
    headers: dict[str, str]
    content: bytes
    status: int
    location: str | None
    body: bytes
    attempts: int
    is_replay: bool


class Traffic:
    """All requests of the campaign, and all that was answered."""

    def __init__(self, url: str, directory: pathlib.Path) -> None:
        self.acknowledged: list[Acknowledged] = []
        self.confirmed: list[str] = []  # references of payments: the bank's calls have no key
        self.used: list[tuple[str, str]] = []  # order and key of each download
        self.finished: collections.Counter[str] = collections.Counter()
        self.unknown = 0  # attempts whose outcome the client did not learn
        self.unavailable = 0  # answers 500 … 599
        self.generation = 0
        self.answered = asyncio.Event()
        self.answered_at = 0.0
        self.is_closing = False
        self.http = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(30, connect=5),
            trust_env=False,
            limits=httpx.Limits(max_connections=60, max_keepalive_connections=30),
        )
        self._passwords: dict[str, str] = json.loads((directory / "passwords.json").read_text())
        self._tokens: dict[str, str] = {}

    def expect_first_answer(self) -> None:
        """Begin to wait for the first answer of a service that was just started."""
        self.generation += 1
        self.answered = asyncio.Event()

    async def do(
        self,
        login: str,
        kind: str,
        key: str,
        path: str,
        body: Any = None,
        *,
        method: str = "POST",
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Send one command until it is answered, remember the answer, and return it.

        :raises Refusal: if it was refused.
        """
        given = {"idempotency-key": key, "content-type": "application/json"} | (headers or {})
        raw = json.dumps(body or {}).encode() if content is None else content
        answer, attempts = await self.until_answered(login, method, path, given, raw)
        self.acknowledged.append(
            Acknowledged(
                kind=kind,
                login=login,
                key=key,
                method=method,
                path=path,
                headers=given,
                content=raw,
                status=answer.status_code,
                location=answer.headers.get("location"),
                body=answer.content,
                attempts=attempts,
                is_replay=answer.headers.get("idempotency-replayed") == "true",
            )
        )
        return answer.json()

    async def upload(self, login: str, key: str, content: bytes, kind: str = "upload") -> Any:
        """Upload a file."""
        headers = {"content-type": "text/plain", "x-file-name": f"{key.replace('/', '-')}.txt"}
        return await self.do(login, kind, key, "/api/v1/files", content=content, headers=headers)

    async def look(self, login: str, path: str, **headers: str) -> httpx.Response:
        """Read something, until it is answered.

        :raises Refusal: if it was refused.
        """
        answer, _ = await self.until_answered(login, "GET", path, headers, b"")
        return answer

    async def until_answered(
        self, login: str, method: str, path: str, headers: dict[str, str], content: bytes
    ) -> tuple[httpx.Response, int]:
        """Send the same request until there is an answer.

        :raises Refusal: if the answer is a refusal, or does not come for two minutes.
        """
        began = monotonic()
        for attempt in range(1, 100_000):
            answer = await self._attempt(login, method, path, headers, content)
            if answer is not None and answer.status_code < 400:
                return answer, attempt
            if answer is not None and answer.status_code < 500:
                if answer.status_code == 401:
                    self._tokens.pop(login, None)
                elif answer.json().get("code") not in _AGAIN:
                    raise Refusal(f"{login}: {method} {path}: {answer.text[:700]}")
            if monotonic() - began > _PATIENCE_SECONDS:
                raise Refusal(f"{method} {path}: no answer; last {answer and answer.text[:700]}")
            await asyncio.sleep(0.05)
        raise Refusal("unreachable")

    async def _attempt(
        self, login: str, method: str, path: str, headers: dict[str, str], content: bytes
    ) -> httpx.Response | None:
        generation = self.generation
        try:
            token = await self._token(login)
            if token is None:
                return None
            answer = await self.http.request(
                method,
                path,
                content=content,
                headers=headers | {"authorization": f"Bearer {token}"},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return None  # it was not sent
        except httpx.TransportError:
            self.unknown += 1
            return None
        if answer.status_code >= 500:
            self.unavailable += 1
        elif generation == self.generation and not self.answered.is_set():
            self.answered_at = monotonic()
            self.answered.set()
        return answer

    async def _token(self, login: str) -> str | None:
        if login not in self._tokens:
            body = {"login": login, "password": self._passwords[login]}
            answer = await self.http.post("/api/v1/sessions", json=body)
            if answer.status_code >= 500 or answer.status_code == 429:
                return None
            if answer.status_code >= 400:
                raise Refusal(f"sign in as {login}: {answer.text}")
            self._tokens[login] = answer.json()["token"]
        return self._tokens[login]


class Keys:
    """The private keys of the story's parties, which the service never sees."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory

    def signed(self, holder: str, document: bytes) -> dict[str, str]:
        """Return a party's signature over a contract."""
        raw = (self._directory / f"{holder}-contract.key").read_bytes()
        private = Ed25519PrivateKey.from_private_bytes(raw)
        return {
            "key_id": key_id_of(private.public_key().public_bytes_raw()),
            "signature": base64.b64encode(
                private.sign(framed(Purpose.CONTRACT, document))
            ).decode(),
        }


# ── what clients do, over and over; ``walk`` is the number of the round ───────────────────────────

Walk = Callable[[Traffic, str, random.Random], Awaitable[None]]


async def upload_files(traffic: Traffic, walk: str, rng: random.Random) -> None:
    """Upload five files of different sizes."""
    for number in range(5):
        key = f"{walk}/{number}"
        await traffic.upload(SUPPLIER, key, _bytes_of(key, rng.choice((100, 5_000, 300_000))))


async def apply_for_registration(traffic: Traffic, walk: str, rng: random.Random) -> None:
    """Describe a product, give it content, and apply with every material."""
    described = _DESCRIPTION | {"name": f"港口气象样品 {walk}"}
    product = await traffic.do(
        SUPPLIER, "describe", f"{walk}/describe", "/api/v1/products", described
    )
    file = await traffic.upload(SUPPLIER, f"{walk}/content", _bytes_of(walk, 2_000))
    await traffic.do(
        SUPPLIER, "attach", f"{walk}/attach", f"/api/v1/products/{product['id']}/contents",
        {"file_id": file["id"]},
    )  # fmt: skip
    application = await traffic.do(
        SUPPLIER, "apply", f"{walk}/apply", "/api/v1/applications",
        {
            "product_id": product["id"],
            "is_first_registration": True,
            "contact_name": "李航",
            "contact_phone": "0990-5550100",
            "contact_email": "data@haigang.example",
        },
    )  # fmt: skip
    path = f"/api/v1/applications/{application['id']}"
    kinds = list(MATERIALS)
    rng.shuffle(kinds)
    for kind in kinds:
        key = f"{walk}/{kind}"
        file = await traffic.upload(SUPPLIER, f"{key}/file", _bytes_of(key, 500))
        await traffic.do(
            SUPPLIER, "material", key, f"{path}/materials/{kind}", {"file_id": file["id"]},
            method="PUT",
        )  # fmt: skip
    await traffic.do(
        SUPPLIER, "submit", f"{walk}/submit", f"{path}/submissions", {"truth_confirmed": True}
    )
    taken = await traffic.do(
        ACCEPTOR, "take", f"{walk}/take", "/api/v1/case-assignments",
        {"case_kind": "application", "case_id": application["id"], "duty": "acceptance"},
    )  # fmt: skip
    if rng.random() < 0.5:
        await traffic.do(
            ACCEPTOR, "hand back", f"{walk}/hand-back",
            f"/api/v1/case-assignments/{taken['id']}/endings", {"reason": "调岗"},
        )  # fmt: skip


def entrust(product_id: str) -> Walk:
    """Return the walk of a letter of authorisation, and of a foreign certificate of the product."""

    async def walked(traffic: Traffic, walk: str, rng: random.Random) -> None:
        agent = (await traffic.look(BUYER, "/api/v1/me")).json()["party"]["id"]
        file = await traffic.upload(SUPPLIER, f"{walk}/letter/file", _bytes_of(f"{walk}/l", 800))
        letter = await traffic.do(
            SUPPLIER, "grant letter", f"{walk}/letter", "/api/v1/authorisation-letters",
            {
                "agent_party_id": agent,
                "powers": ["receive_notifications"],
                "valid_from": "2026-01-01",
                "valid_to": "2099-12-31",
                "file_id": file["id"],
            },
        )  # fmt: skip
        registrar = await traffic.do(
            REGULATOR, "name registrar", f"{walk}/registrar", "/api/v1/foreign-registrars",
            {"name": f"示例登记中心 {walk}", "agreement": "互认〔2026〕1号"},
        )  # fmt: skip
        file = await traffic.upload(SUPPLIER, f"{walk}/foreign/file", _bytes_of(f"{walk}/f", 800))
        foreign = await traffic.do(
            SUPPLIER, "import", f"{walk}/import", "/api/v1/foreign-certificates",
            {
                "registrar_id": registrar["id"],
                "number": walk,
                "product_id": product_id,
                "holder_name": "示例海港数据科技有限公司",
                "product_name": "港口作业气象风险指数",
                "issued_on": "2026-01-05",
                "file_id": file["id"],
            },
        )  # fmt: skip
        await traffic.do(
            ISSUER, "reject", f"{walk}/reject",
            f"/api/v1/foreign-certificates/{foreign['id']}/rejections", {"reason": "查无此证"},
        )  # fmt: skip
        if rng.random() < 0.7:
            await traffic.do(
                SUPPLIER, "revoke letter", f"{walk}/revoke",
                f"/api/v1/authorisation-letters/{letter['id']}/revocations", {"reason": "收回"},
            )  # fmt: skip

    return walked


async def deliver_an_order(traffic: Traffic, keys: Keys, product_id: str, walk: str) -> str:
    """Place, sign and pay an order, have it delivered, and return its id."""
    placed = await traffic.do(
        BUYER, "place", f"{walk}/place", "/api/v1/orders", _order(product_id, walk)
    )
    path = f"/api/v1/orders/{placed['id']}"
    await traffic.do(ACCEPTOR, "clear", f"{walk}/clear", f"{path}/clearances")
    for holder in (BUYER, SUPPLIER):
        contract = (await traffic.look(holder, f"{path}/contract")).json()
        signature = keys.signed(holder, base64.b64decode(contract["document"]))
        await traffic.do(holder, "sign", f"{walk}/sign/{holder}", f"{path}/signatures", signature)
    started = await traffic.do(BUYER, "pay", f"{walk}/pay", f"{path}/payments")
    # What the bank is asked has no key: its event counts once, however often it is told.
    await traffic.until_answered(
        BUYER, "POST", started["pay_at"],
        {"idempotency-key": f"{walk}/confirm", "content-type": "application/json"}, b"{}",
    )  # fmt: skip
    traffic.confirmed.append(started["payment"]["reference"])
    await traffic.do(SUPPLIER, "deliver", f"{walk}/deliver", f"{path}/deliveries")
    return str(placed["id"])


def trade(keys: Keys, product_id: str) -> Walk:
    """Return the walk of an order from its placing to the release of its money."""

    async def walked(traffic: Traffic, walk: str, rng: random.Random) -> None:
        order = await deliver_an_order(traffic, keys, product_id, walk)
        path = f"/api/v1/orders/{order}"
        for number in range(rng.randint(1, 3)):
            key = f"{walk}/use/{number}"
            content = await traffic.look(BUYER, f"{path}/content", **{"idempotency-key": key})
            assert content.content == _CONTENT, "other bytes were delivered"
            traffic.used.append((order, key))
        await traffic.do(BUYER, "accept", f"{walk}/accept", f"{path}/acceptances")
        await traffic.do(ISSUER, "release", f"{walk}/release", f"{path}/releases")

    return walked


async def keep_walking(traffic: Traffic, name: str, walk: Walk, seed: int) -> None:
    """Walk until the campaign closes; the last walk is walked to its end."""
    rng = random.Random(f"{seed}/{name}")
    rounds = 0
    while not traffic.is_closing:
        rounds += 1
        await walk(traffic, f"{seed}/{name}/{rounds}", rng)
        traffic.finished[name.partition("-")[0]] += 1
        await asyncio.sleep(rng.uniform(0, 0.1))


async def in_groups(
    items: Iterable[Any], work: Callable[[Any], Awaitable[None]], *, at_once: int = 6
) -> None:
    """Work on all items, so many at once."""
    queue = iter(items)

    async def one() -> None:
        for item in queue:
            await work(item)

    await asyncio.gather(*(one() for _ in range(at_once)))


def _bytes_of(key: str, size: int) -> bytes:
    """Return content that no other command has."""
    block = hashlib.sha256(key.encode()).hexdigest().encode()
    return (key.encode() + b"\n" + block * (size // len(block) + 1))[: size + len(key)]


def _order(product_id: str, walk: str) -> dict[str, Any]:
    return {
        "product_id": product_id,
        "price_item": "standard",
        "quantity": 1,
        "purpose": f"安排靠泊与装卸 {walk}",
        "scenario": "port_safety",
        "delivery_mode": "dataset_product",
        "use_category": "industrial_development",
        "terms": {
            "provider_responsibility": "保证来源合法、内容与备案一致。",
            "receiver_responsibility": "仅在约定场景使用，不向第三方提供。",
            "confidentiality": "双方负保密义务。",
            "exit_arrangement": "终止时停止使用并销毁。",
            "inspection_days": 7,
            "term_days": 180,
        },
    }
