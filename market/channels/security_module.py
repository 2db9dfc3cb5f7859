"""Sign with keys that stay inside a security module (密码机), by PKCS#11: Ed25519, and P-256 for papers.

The library for it is an extra, ``shushi[pkcs11]``, and is asked for when a key is opened. A process logs in
once for each token; it keeps a session that reads, and one that may write once it needs it. Whoever uses them
takes turns.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from catalog.key_custody.disk import PrivateKeyNotHere
from catalog.signing import p256
from catalog.signing.algorithms import PUBLIC_KEY_LENGTH, Algorithm
from catalog.signing.disk import KeyFileUnusable
from catalog.signing.model import PublicKey, key_id_of
from catalog.signing.purposes import Purpose, own_algorithm
from catalog.signing.verifier import verify_raw
from market.settings import Settings

_REPLACED: Final = re.compile(r"checkpoint\.[0-9a-f]{16}")
_PROBE: Final = b"shushi/v1/security_module\n"  # begins as no document does that anybody signs


class TokenKey:
    """A private key inside a token, found by its label (令牌内私钥)."""

    def __init__(
        self, session: Any, lock: threading.Lock, label: str, algorithm: Algorithm
    ) -> None:
        pkcs11 = importlib.import_module("pkcs11")
        kinds, attributes = pkcs11.constants.ObjectClass, pkcs11.constants.Attribute
        self._lock = lock
        self._label = attributes.LABEL
        mechanisms = pkcs11.mechanisms.Mechanism
        self.algorithm = algorithm
        self._mechanism = mechanisms.ECDSA if algorithm is Algorithm.P256 else mechanisms.EDDSA
        self._private = session.get_key(object_class=kinds.PRIVATE_KEY, label=label)
        self._public = public = session.get_key(object_class=kinds.PUBLIC_KEY, label=label)
        # The point stands there as DER has it, or bare: the raw key is its end either way.
        point = bytes(public[attributes.EC_POINT])
        self.public_key: bytes = point[-PUBLIC_KEY_LENGTH[algorithm] :]

    def sign(self, message: bytes) -> bytes:
        """Return the signature that the token makes over ``message``."""
        is_p256 = self.algorithm is Algorithm.P256  # a token signs its digest, as r ‖ s
        signed = hashlib.sha256(message).digest() if is_p256 else message
        with self._lock:
            value = bytes(self._private.sign(signed, mechanism=self._mechanism))
        return p256.der(value) if is_p256 else value

    def rename(self, label: str) -> None:
        """Give both halves another label; the session must be one that may write."""
        with self._lock:
            self._private[self._label] = label
            self._public[self._label] = label

    def destroy(self) -> None:
        """Remove the private half from the token for good; the public half stays."""
        with self._lock:
            self._private.destroy()


def keys_of(settings: Settings) -> Mapping[Purpose, TokenKey]:
    """Return the keys that lie in a security module, by the purposes that are set for it.

    A key's label is its purpose. Each has to sign once, so that a token whose halves do not belong
    together is found before anything is signed by it.

    :raises KeyFileUnusable: if module, token or key can not be used.
    """
    found = {}
    for purpose in settings.pkcs11_keys:
        found[purpose] = key = _open(settings, purpose, purpose.value)
        if not verify_raw(key.public_key, _PROBE, key.sign(_PROBE), key.algorithm):
            reason = "its signature is not that of its public key"
            raise KeyFileUnusable(path=_place(settings, purpose.value), reason=reason)
    return found


def outgoing_keys(settings: Settings) -> tuple[TokenKey, ...]:
    """Return the log's keys in the token that another one took the place of.

    :raises KeyFileUnusable: if module, token or key can not be used.
    """
    labels = _labels(settings, "PRIVATE_KEY")
    fitting = [label for label in sorted(labels) if _REPLACED.fullmatch(label)]
    return tuple(_open(settings, Purpose.CHECKPOINT, label) for label in fitting)


def prepared(settings: Settings, purpose: Purpose) -> TokenKey:
    """Return the key in the token that comes after the one for ``purpose``: ``<purpose>.next``.

    :raises KeyFileUnusable: if module, token or key can not be used.
    """
    return _open(settings, purpose, f"{purpose.value}.next", may_write=True)


def promote(settings: Settings, purpose: Purpose) -> None:
    """Let the key that was prepared sign from the next start on; the old one is labelled by its id.

    :raises KeyFileUnusable: if module, token or key can not be used.
    """
    old, new = (
        _open(settings, purpose, purpose.value, may_write=True),
        prepared(settings, purpose),
    )
    old.rename(f"{purpose.value}.{key_id_of(old.public_key)}")
    new.rename(purpose.value)


def destroy(settings: Settings, key: PublicKey) -> None:
    """Remove the private half of a key that was replaced from its token; if that was done before, nothing more.

    The public half stays there and says that it was.

    :raises PrivateKeyNotHere: if none lies there, and none did.
    :raises KeyFileUnusable: if module, token or key can not be used.
    """
    label = f"{key.purpose.value}.{key.key_id}"
    if label in _labels(settings, "PRIVATE_KEY"):
        found = _open(settings, key.purpose, label, key.algorithm, may_write=True)
        if key_id_of(found.public_key) != key.key_id:
            raise KeyFileUnusable(path=_place(settings, label), reason="it is another key")
        with _told(settings, label):
            found.destroy()
    elif label not in _labels(settings, "PUBLIC_KEY"):
        raise PrivateKeyNotHere(key_id=key.key_id)


def _labels(settings: Settings, kind: str) -> set[str]:
    with _told(settings, "*"):
        pkcs11 = importlib.import_module("pkcs11")
        session, lock = _session(settings)
        wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass[kind]}
        with lock:
            return {str(key.label) for key in session.get_objects(wanted)}


def _open(
    settings: Settings,
    purpose: Purpose,
    label: str,
    algorithm: Algorithm | None = None,
    *,
    may_write: bool = False,
) -> TokenKey:
    with _told(settings, label):
        session, lock = _session(settings, may_write=may_write)
        return TokenKey(session, lock, label, algorithm or own_algorithm(purpose))


@contextlib.contextmanager
def _told(settings: Settings, label: str) -> Iterator[None]:
    """Tell what goes wrong with a token as a key that can not be used."""
    place = _place(settings, label)
    try:
        yield
    except ImportError as error:
        reason = "python-pkcs11 is not installed: install shushi[pkcs11]"
        raise KeyFileUnusable(path=place, reason=reason) from error
    except Exception as error:  # whatever a vendor's library says
        reason = f"{type(error).__name__} {error}".strip()
        raise KeyFileUnusable(path=place, reason=reason) from error


class _Opened(msgspec.Struct):
    """A token that this process logged in to: its sessions, by whether they may write."""

    token: Any
    lock: Any
    sessions: dict[bool, Any]


_opened: Final[dict[tuple[str, str], _Opened]] = {}


def _session(settings: Settings, *, may_write: bool = False) -> tuple[Any, threading.Lock]:
    place = (str(settings.pkcs11_module), settings.pkcs11_token)
    if place not in _opened:
        token = importlib.import_module("pkcs11").lib(place[0]).get_token(token_label=place[1])
        _opened[place] = _Opened(token, threading.Lock(), {})
    opened = _opened[place]
    with opened.lock:
        if may_write not in opened.sessions:
            # The login counts for all sessions of the process, and a second one is refused.
            login = {} if opened.sessions else {"user_pin": settings.pkcs11_pin or ""}
            opened.sessions[may_write] = opened.token.open(rw=may_write, **login)
        return opened.sessions[may_write], opened.lock


def _place(settings: Settings, label: str) -> str:
    return f"{settings.pkcs11_module}:{settings.pkcs11_token}:{label}"
