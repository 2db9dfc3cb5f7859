"""Sign with keys that stay inside a security module (密码机), by PKCS#11. Ed25519 only.

The library for it is an extra, ``shushi[pkcs11]``, and is asked for when a key is opened. The module
keeps one session for each token; what signs takes turns in it.
"""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Mapping
from typing import Any

from catalog.signing.algorithms import PUBLIC_KEY_LENGTH, Algorithm
from catalog.signing.disk import KeyFileUnusable
from catalog.signing.purposes import Purpose
from catalog.signing.verifier import verify_raw
from market.settings import Settings

_PROBE = b"shushi/v1/security_module\n"  # begins as no document does that anybody signs


class TokenKey:
    """A private key inside a token, found by its label (令牌内私钥)."""

    algorithm = Algorithm.ED25519

    def __init__(self, session: Any, lock: threading.Lock, label: str) -> None:
        pkcs11 = importlib.import_module("pkcs11")
        kinds, attributes = pkcs11.constants.ObjectClass, pkcs11.constants.Attribute
        self._lock = lock
        self._mechanism = pkcs11.mechanisms.Mechanism.EDDSA
        self._private = session.get_key(object_class=kinds.PRIVATE_KEY, label=label)
        public = session.get_key(object_class=kinds.PUBLIC_KEY, label=label)
        # The point stands there as DER has it, or bare: the raw key is its end either way.
        point = bytes(public[attributes.EC_POINT])
        self.public_key: bytes = point[-PUBLIC_KEY_LENGTH[Algorithm.ED25519] :]

    def sign(self, message: bytes) -> bytes:
        """Return the signature that the token makes over ``message``."""
        with self._lock:
            return bytes(self._private.sign(message, mechanism=self._mechanism))


def keys_of(settings: Settings) -> Mapping[Purpose, TokenKey]:
    """Return the keys that lie in a security module, by the purposes that are set for it.

    A key's label is its purpose. Each has to sign once, so that a token whose halves do not belong
    together is found before anything is signed by it.

    :raises KeyFileUnusable: if module, token or key can not be used.
    """
    found = {}
    for purpose in settings.pkcs11_keys:
        found[purpose] = key = _open(settings, purpose.value)
        if not verify_raw(key.public_key, _PROBE, key.sign(_PROBE)):
            reason = "its signature is not that of its public key"
            raise KeyFileUnusable(path=_place(settings, purpose.value), reason=reason)
    return found


def _open(settings: Settings, label: str) -> TokenKey:
    place = _place(settings, label)
    try:
        session, lock = _session(
            str(settings.pkcs11_module), settings.pkcs11_token, settings.pkcs11_pin or ""
        )
        return TokenKey(session, lock, label)
    except ImportError as error:
        reason = "python-pkcs11 is not installed: install shushi[pkcs11]"
        raise KeyFileUnusable(path=place, reason=reason) from error
    except Exception as error:  # whatever a vendor's library says
        reason = f"{type(error).__name__} {error}".strip()
        raise KeyFileUnusable(path=place, reason=reason) from error


@functools.cache
def _session(module: str, token: str, pin: str) -> tuple[Any, threading.Lock]:
    library = importlib.import_module("pkcs11").lib(module)
    return library.get_token(token_label=token).open(user_pin=pin), threading.Lock()


def _place(settings: Settings, label: str) -> str:
    return f"{settings.pkcs11_module}:{settings.pkcs11_token}:{label}"
