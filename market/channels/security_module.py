"""Sign with keys that stay inside a security module (密码机), by PKCS#11: Ed25519, and P-256 for papers.

The library for it is an extra, ``shushi[pkcs11]``, and is asked for when a key is opened. The module
keeps one session for each token; what signs takes turns in it.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import threading
from collections.abc import Mapping
from typing import Any, Final

from catalog.signing import p256
from catalog.signing.algorithms import PUBLIC_KEY_LENGTH, Algorithm
from catalog.signing.disk import KeyFileUnusable
from catalog.signing.model import key_id_of
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
    pkcs11 = importlib.import_module("pkcs11")
    session, _ = _session(settings)
    wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
    labels = {str(key.label) for key in session.get_objects(wanted)}
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


def destroy(settings: Settings, purpose: Purpose, key_id: str) -> None:
    """Remove the private half of a key that was replaced from its token.

    :raises KeyFileUnusable: if module, token or key can not be used.
    """
    _open(settings, purpose, f"{purpose.value}.{key_id}", may_write=True).destroy()


def _open(settings: Settings, purpose: Purpose, label: str, *, may_write: bool = False) -> TokenKey:
    place = _place(settings, label)
    try:
        session, lock = _session(settings, may_write=may_write)
        return TokenKey(session, lock, label, own_algorithm(purpose))
    except ImportError as error:
        reason = "python-pkcs11 is not installed: install shushi[pkcs11]"
        raise KeyFileUnusable(path=place, reason=reason) from error
    except Exception as error:  # whatever a vendor's library says
        reason = f"{type(error).__name__} {error}".strip()
        raise KeyFileUnusable(path=place, reason=reason) from error


_sessions: Final[dict[tuple[str, str], tuple[Any, threading.Lock]]] = {}


def _session(settings: Settings, *, may_write: bool = False) -> tuple[Any, threading.Lock]:
    """Return the one session that a process has with a token; who first asks says if it may write."""
    place = (str(settings.pkcs11_module), settings.pkcs11_token)
    if place not in _sessions:
        token = importlib.import_module("pkcs11").lib(place[0]).get_token(token_label=place[1])
        session = token.open(user_pin=settings.pkcs11_pin or "", rw=may_write)
        _sessions[place] = session, threading.Lock()
    return _sessions[place]


def _place(settings: Settings, label: str) -> str:
    return f"{settings.pkcs11_module}:{settings.pkcs11_token}:{label}"
