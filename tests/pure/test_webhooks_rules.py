"""How a webhook is signed, addressed, tried again and given up (Standard Webhooks)."""

from __future__ import annotations

import base64
import datetime as dt
import json
import uuid
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from catalog.audit_log.events import Event
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId
from catalog.kernel.sealed import Box
from market.webhooks import addresses, delivering, signing, telling
from market.webhooks.model import Answer, Delivery, DeliveryId, Endpoint, EndpointId
from market.webhooks.sealing import SigningKeys, open_keys, seal_keys
from market.webhooks.states import State

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
ID = uuid.UUID(int=7)
OLD_KEYS = SigningKeys(shared=b"o" * 32, private=b"O" * 32)
NEW_KEYS = SigningKeys(shared=b"n" * 32, private=b"N" * 32)
OLD, NEW = signing.secret_of(OLD_KEYS), signing.secret_of(NEW_KEYS)
BODY = '{"type":"order.placed","文":"字"}'.encode()


def make(**changes: Any) -> Delivery:
    made = Delivery(
        id=DeliveryId(ID),
        endpoint_id=EndpointId(ID),
        party_id=PartyId(ID),
        message_id="msg_7",
        event_type="order.placed",
        aggregate=f"order:{ID}",
        log_index=7,
        payload="{}",
        state=State.QUEUED,
        attempts=0,
        next_attempt_at=NOW,
        created_at=NOW,
    )
    return msgspec.structs.replace(made, **changes)


def endpoint(**changes: Any) -> Endpoint:
    made = Endpoint(
        id=EndpointId(ID),
        party_id=PartyId(ID),
        url="https://hooks.example.com/",
        event_types=("order.placed",),
        description="",
        created_at=NOW,
    )
    return msgspec.structs.replace(made, **changes)


def refused(act: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(DomainError) as caught:
        act(*args, **kwargs)
    return caught.value.code


def test_a_foreign_receiver_believes_what_either_secret_signed_and_nothing_else() -> None:
    now = dt.datetime.now(tz=dt.UTC)
    headers = signing.headers("msg_7", now, BODY, (NEW_KEYS, OLD_KEYS))

    for secret in (OLD, NEW):
        assert Webhook(secret).verify(BODY, headers) == json.loads(BODY)
    for body, told, secret in (
        (BODY.replace(b"placed", b"paid__"), headers, NEW),
        (BODY, headers | {"webhook-id": "msg_8"}, NEW),
        (BODY, headers | {"webhook-timestamp": str(int(now.timestamp()) + 1)}, NEW),
        (BODY, headers, "whsec_" + "A" * 43 + "="),
        (BODY, signing.headers("msg_7", now - dt.timedelta(minutes=6), BODY, (NEW_KEYS,)), NEW),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, told)


def test_a_signature_is_the_one_of_the_spec() -> None:
    # The example of the Standard Webhooks spec's own reference libraries.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = dt.datetime.fromtimestamp(1614265330, tz=dt.UTC)

    keys = SigningKeys(shared=signing.shared_of(secret), private=b"p" * 32)
    headers = signing.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', (keys,))

    v1, v1a = headers["webhook-signature"].split(" ")
    assert v1 == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    public = base64.b64decode(signing.public_key_of(keys).removeprefix("whpk_"))
    signed = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    assert v1a.startswith("v1a,")
    reader = Ed25519PublicKey.from_public_bytes(public)
    reader.verify(base64.b64decode(v1a.removeprefix("v1a,")), signed)
    with pytest.raises(InvalidSignature):
        reader.verify(base64.b64decode(v1a.removeprefix("v1a,")), signed + b" ")


def test_what_is_sealed_opens_for_its_endpoint_and_number_under_its_key_alone() -> None:
    box, nonce = Box(b"k" * 32), b"n" * 12
    sealed = seal_keys(box, NEW_KEYS, endpoint_id=ID, number=2, nonce=nonce)

    assert open_keys(box, sealed, endpoint_id=ID, number=2) == NEW_KEYS
    assert NEW_KEYS.shared not in sealed
    assert NEW_KEYS.private not in sealed
    for other, endpoint_id, number, raw in (
        (Box(b"x" * 32), ID, 2, sealed),
        (box, uuid.UUID(int=8), 2, sealed),
        (box, ID, 3, sealed),
        (box, ID, 2, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (box, ID, 2, b""),
    ):
        assert refused(open_keys, other, raw, endpoint_id=endpoint_id, number=number) == (
            "webhook_secret_sealed"
        )


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/in?a=1",
        "https://hooks.example.com:8443/",
        "https://xn--fiqs8s.example/",
    ],
)
def test_an_endpoint_is_a_named_host_over_https(url: str) -> None:
    addresses.check_url(url, allows_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https:///in",
        "https://user:secret@hooks.example.com/",
        "https://hooks.example.com/#part",
        "https://10.0.0.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://hooks.example.com:99999/",
        "https://[broken/",
        "https://示例.example/",
    ],
)
def test_what_is_none_is_refused(url: str) -> None:
    assert refused(addresses.check_url, url, allows_private=False) == "webhook_url_unfit"


def test_a_private_network_may_be_allowed_by_who_operates_the_service() -> None:
    addresses.check_url("http://127.0.0.1:8000/in", allows_private=True)

    assert refused(addresses.check_url, "ftp://127.0.0.1/", allows_private=True) == (
        "webhook_url_unfit"
    )


def test_only_what_has_parties_is_told_and_by_its_own_name() -> None:
    types = telling.event_types()

    assert {"order.placed", "complaint.closed", "credit.punished"} < set(types)
    assert not [each for each in types if each.startswith(("key", "account", "webhook"))]
    assert len(set(types)) == len(types)
    telling.check_types(types)
    assert (
        refused(telling.check_types, ("order.placed", "key.used")) == "webhook_event_type_unknown"
    )


def test_a_message_is_about_the_thing_whose_event_it_is() -> None:
    subjects = ["product:2", "order:1"]

    assert telling.subject_of("order:placed", subjects) == ("order", "1")
    assert telling.subject_of("contract:signed", subjects) == ("order", "1")
    assert telling.subject_of("listing:listed", subjects) is None
    assert telling.subject_of("key:used", subjects) is None


@pytest.mark.parametrize("event", [each for each in Event if ":" in each.value])
def test_every_type_that_can_be_asked_for_has_a_message(event: Event) -> None:
    name = telling.type_of(event.value)
    if name not in telling.event_types():
        return
    kind = telling._SUBJECT_OF[event.value.partition(":")[0]]

    told = json.loads(
        telling.message(event.value, kind=kind, identifier="1", at=NOW, entry_id=ID, index=3)
    )

    assert told["type"] == name
    assert set(told["data"]) == {"kind", "id", "href", "log_entry_id", "log_index"}
    assert told["data"]["href"].startswith("/api/v1/")


def test_a_message_is_known_again_by_its_id() -> None:
    assert telling.message_id(ID) == f"msg_{ID.hex}"


def test_a_message_is_tried_by_the_schedule_of_the_spec_and_then_given_up() -> None:
    failed, at = make(), NOW
    for tried, pause in enumerate(delivering.PAUSES, start=1):
        failed = delivering.settle(failed, Answer(status=500, error="down"), at=at)
        waited = failed.next_attempt_at - at
        assert (failed.state, failed.attempts) == (State.QUEUED, tried)
        assert pause <= waited <= pause * 1.2
        at = failed.next_attempt_at

    dead = delivering.settle(failed, Answer(status=None, error="no answer"), at=at)

    assert (dead.state, dead.settled_at, dead.last_error) == (State.DEAD, at, "no answer")


def test_what_failed_together_is_not_tried_together() -> None:
    waits = {
        delivering.settle(
            make(id=DeliveryId(uuid.UUID(int=n))), Answer(status=503), at=NOW
        ).next_attempt_at
        for n in range(100)
    }

    assert len(waits) > 90


@pytest.mark.parametrize("status", [200, 202, 299])
def test_what_was_taken_is_done(status: int) -> None:
    done = delivering.settle(make(), Answer(status=status), at=NOW)

    assert (done.state, done.settled_at, done.last_error) == (State.DELIVERED, NOW, None)


@pytest.mark.parametrize("status", [None, 301, 307, 400, 404, 429, 500, 503])
def test_what_was_not_is_tried_again(status: int | None) -> None:
    assert delivering.settle(make(), Answer(status=status), at=NOW).state is State.QUEUED


def test_an_endpoint_that_asks_for_time_gets_it_up_to_a_day() -> None:
    for asked, waited in ((60, 60), (10**6, 24 * 3600)):
        throttled = Answer(status=429, retry_after_seconds=asked)
        settled = delivering.settle(make(), throttled, at=NOW)
        assert settled.next_attempt_at == NOW + dt.timedelta(seconds=waited)
    soon = delivering.settle(make(), Answer(status=429, retry_after_seconds=1), at=NOW)
    assert soon.next_attempt_at >= NOW + delivering.PAUSES[0]


def test_who_is_gone_is_told_nothing_more() -> None:
    gone = Answer(status=410)

    assert delivering.settle(make(), gone, at=NOW).state is State.DEAD
    after = delivering.after(endpoint(), gone, at=NOW)
    assert (after.disabled_at, after.disabled_because) == (NOW, "gone")


def test_an_endpoint_that_takes_nothing_for_five_days_is_switched_off() -> None:
    down = Answer(status=500)
    failing = delivering.after(endpoint(), down, at=NOW)
    almost = delivering.after(failing, down, at=NOW + dt.timedelta(days=4, hours=23))
    over = delivering.after(almost, down, at=NOW + dt.timedelta(days=5))
    mended = delivering.after(almost, Answer(status=204), at=NOW + dt.timedelta(days=5))

    assert (failing.failing_since, failing.disabled_at) == (NOW, None)
    assert almost == failing
    assert over.disabled_because == "failing"
    assert (mended.failing_since, mended.disabled_at) == (None, None)


def test_a_replay_begins_anew_with_the_same_id() -> None:
    dead = make(state=State.DEAD, attempts=10, settled_at=NOW)
    later = NOW + dt.timedelta(days=9)

    again = delivering.replayed(dead, at=later)

    assert (again.state, again.attempts, again.next_attempt_at) == (State.QUEUED, 0, later)
    assert again.message_id == dead.message_id
    assert refused(delivering.replayed, again, at=later) == "webhook_event_not_allowed"
