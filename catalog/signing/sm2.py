"""Sign and verify with SM2 (国密 GB/T 32918.2) over SM3, by the system's OpenSSL 3.

``cryptography`` has no SM2, so libcrypto is called by ctypes. Four things are easily got wrong:

* The signer's id is 1234567812345678 (GB/T 35276) and has to be set. OpenSSL's own default is an
  empty one, under which the vector of the standard fails.
* A signature is DER (r, s), as GM/T 0009 has it, and never the bare 64 bytes.
* A secret from outside 1 to n-2 is taken without a word, and signing with n-1 never ends. So the
  range is checked here.
* Whoever fails leaves the reason in a queue of the thread, which Python's ``ssl`` reads too. So it
  is emptied here.

No module is certified by this: it is the algorithm, checked by the vectors of the standard.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
from collections.abc import Iterable, Iterator
from typing import Any, Final

from catalog.kernel.errors import Refused
from catalog.signing.algorithms import KEY_PREFIX, PUBLIC_KEY_LENGTH, SECRET_LENGTH, Algorithm

IDENTITY: Final = b"1234567812345678"

_LIBRARIES: Final = ("libcrypto.so.3", "libcrypto.3.dylib", "libcrypto-3-x64.dll")
_OPENSSL_3: Final = 0x3000_0000
_LONGEST_SIGNATURE: Final = 72
_LONGEST_PEM: Final = 4096

# GB/T 32918.5: the order of the curve's base point.
_N: Final = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123

_OID: Final = bytes.fromhex("06082a811ccf5501822d")  # 1.2.156.10197.1.301, the curve
_PUBLIC: Final = KEY_PREFIX[Algorithm.SM2]
_PRIVATE: Final = (bytes.fromhex("30310201010420"), bytes.fromhex("a00a") + _OID)

_LONG: Final = ctypes.c_long
_SIZE: Final = ctypes.c_size_t
_BYTES: Final = ctypes.c_char_p
_HANDLE: Final = ctypes.c_void_p
_SIGNATURES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "OpenSSL_version_num": (ctypes.c_ulong, ()),
    "ERR_clear_error": (None, ()),
    "EVP_sm3": (_HANDLE, ()),
    "EVP_SIGNATURE_fetch": (_HANDLE, (_HANDLE, _BYTES, _BYTES)),
    "EVP_SIGNATURE_free": (None, (_HANDLE,)),
    "d2i_AutoPrivateKey": (_HANDLE, (_HANDLE, _HANDLE, _LONG)),
    "d2i_PUBKEY": (_HANDLE, (_HANDLE, _HANDLE, _LONG)),
    "i2d_PUBKEY": (ctypes.c_int, (_HANDLE, _HANDLE)),
    "i2d_PrivateKey": (ctypes.c_int, (_HANDLE, _HANDLE)),
    "BIO_new": (_HANDLE, (_HANDLE,)),
    "BIO_s_mem": (_HANDLE, ()),
    "BIO_new_mem_buf": (_HANDLE, (_BYTES, ctypes.c_int)),
    "BIO_read": (ctypes.c_int, (_HANDLE, _HANDLE, ctypes.c_int)),
    "BIO_free": (ctypes.c_int, (_HANDLE,)),
    "EVP_aes_256_cbc": (_HANDLE, ()),
    "PEM_write_bio_PKCS8PrivateKey": (
        ctypes.c_int,
        (_HANDLE, _HANDLE, _HANDLE, _BYTES, ctypes.c_int, _HANDLE, _HANDLE),
    ),
    "PEM_read_bio_PrivateKey": (_HANDLE, (_HANDLE, _HANDLE, _HANDLE, _BYTES)),
    "EVP_PKEY_free": (None, (_HANDLE,)),
    "EVP_MD_CTX_new": (_HANDLE, ()),
    "EVP_MD_CTX_free": (None, (_HANDLE,)),
    "EVP_PKEY_CTX_set1_id": (ctypes.c_int, (_HANDLE, _BYTES, ctypes.c_int)),
    "EVP_DigestSignInit": (ctypes.c_int, (_HANDLE,) * 5),
    "EVP_DigestSign": (ctypes.c_int, (_HANDLE, _HANDLE, _HANDLE, _BYTES, _SIZE)),
    "EVP_DigestVerifyInit": (ctypes.c_int, (_HANDLE,) * 5),
    "EVP_DigestVerify": (ctypes.c_int, (_HANDLE, _BYTES, _SIZE, _BYTES, _SIZE)),
}


class Sm2Unavailable(Refused):
    """This machine has no OpenSSL 3 with SM2, so SM2 can be neither made nor checked on it."""

    code = "sm2_unavailable"


def load(names: Iterable[str] = _LIBRARIES) -> ctypes.CDLL:
    """Return the first of these libraries that is OpenSSL 3 and knows SM2.

    :raises Sm2Unavailable: if none is.
    """
    for name in names:
        with contextlib.suppress(OSError):
            library: ctypes.CDLL = checked(ctypes.CDLL(name))
            return library
    raise Sm2Unavailable(reason="no libcrypto of OpenSSL 3")


def checked(library: Any) -> Any:
    """Return the library with its functions declared.

    :raises Sm2Unavailable: if it is another library, an older one, or built without SM2.
    """
    try:
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except AttributeError as error:
        raise Sm2Unavailable(reason=str(error)) from error
    if library.OpenSSL_version_num() < _OPENSSL_3:
        raise Sm2Unavailable(reason="libcrypto is older than OpenSSL 3")
    known = library.EVP_SIGNATURE_fetch(None, b"SM2", None)
    library.ERR_clear_error()
    if not known:
        raise Sm2Unavailable(reason="this libcrypto was built without SM2")
    library.EVP_SIGNATURE_free(known)
    return library


def public_key_of(secret: bytes) -> bytes:
    """Return the point that belongs to a secret: 04 ‖ x ‖ y.

    :raises ValueError: if the secret is no number from 1 to n-2, in 32 bytes.
    :raises Sm2Unavailable: if this machine has no OpenSSL 3.
    """
    with _private_key(secret) as key:
        return _written(_library().i2d_PUBKEY, key)[-PUBLIC_KEY_LENGTH[Algorithm.SM2] :]


def sign(secret: bytes, message: bytes) -> bytes:
    """Return a signature over ``message``: DER (r, s). It is another one each time.

    :raises ValueError: if the secret is no number from 1 to n-2, in 32 bytes.
    :raises Sm2Unavailable: if this machine has no OpenSSL 3.
    """
    with _private_key(secret) as key, _digest("EVP_DigestSignInit", key) as context:
        value = ctypes.create_string_buffer(_LONGEST_SIGNATURE)
        length = ctypes.c_size_t(_LONGEST_SIGNATURE)
        made = _library().EVP_DigestSign(
            context, value, ctypes.byref(length), message, len(message)
        )
        assert made == 1, "libcrypto signs with a key that it read"
        return value.raw[: length.value]


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether ``signature`` is one of this key over exactly ``message``.

    :raises Sm2Unavailable: if this machine has no OpenSSL 3.
    """
    library = _library()
    if len(public_key) != PUBLIC_KEY_LENGTH[Algorithm.SM2]:
        return False
    with (
        contextlib.suppress(ValueError),
        _key(library.d2i_PUBKEY, _PUBLIC + public_key) as key,
        _digest("EVP_DigestVerifyInit", key) as context,
    ):
        length = len(signature)
        good = library.EVP_DigestVerify(context, signature, length, message, len(message))
        return bool(good == 1)
    return False


def encrypted(secret: bytes, passphrase: bytes) -> bytes:
    """Return the secret as PKCS#8 in PEM, encrypted with AES-256 under a passphrase.

    :raises ValueError: if the secret is no number from 1 to n-2, in 32 bytes.
    :raises Sm2Unavailable: if this machine has no OpenSSL 3.
    """
    library = _library()
    with _private_key(secret) as key, _memory(library.BIO_new(library.BIO_s_mem())) as memory:
        length = len(passphrase)
        cipher = library.EVP_aes_256_cbc()
        written = library.PEM_write_bio_PKCS8PrivateKey(
            memory, key, cipher, passphrase, length, None, None
        )
        assert written == 1, "libcrypto writes a key that it read"
        pem = ctypes.create_string_buffer(_LONGEST_PEM)
        length = library.BIO_read(memory, pem, _LONGEST_PEM)
        return pem.raw[:length]


def decrypted(pem: bytes, passphrase: bytes) -> bytes:
    """Return the secret that an encrypted PKCS#8 holds.

    :raises ValueError: if the passphrase is another one, or it holds no key of SM2.
    :raises Sm2Unavailable: if this machine has no OpenSSL 3.
    """
    library = _library()

    def read(_none: None, _at: object, _length: int) -> int:
        with _memory(library.BIO_new_mem_buf(pem, len(pem))) as memory:
            key: int = library.PEM_read_bio_PrivateKey(memory, None, None, passphrase)
            return key

    with _key(read, b"") as key:
        if not _written(library.i2d_PUBKEY, key).startswith(_PUBLIC):
            raise ValueError("no key of the curve SM2")
        der = _written(library.i2d_PrivateKey, key)
        start = len(_PRIVATE[0])  # version and the secret stand first, whatever follows
        return der[start : start + SECRET_LENGTH]


@functools.cache
def _library() -> ctypes.CDLL:
    return load()


def _written(write: Any, key: int) -> bytes:
    """Return what a function of libcrypto writes of a key."""
    buffer = ctypes.create_string_buffer(write(key, None))
    at = ctypes.c_void_p(ctypes.addressof(buffer))
    write(key, ctypes.byref(at))
    return buffer.raw[: len(buffer)]


@contextlib.contextmanager
def _memory(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        _library().BIO_free(handle)


@contextlib.contextmanager
def _private_key(secret: bytes) -> Iterator[int]:
    if len(secret) != SECRET_LENGTH or not 1 <= int.from_bytes(secret) <= _N - 2:
        raise ValueError(f"the secret of SM2 is a number from 1 to n-2 in {SECRET_LENGTH} bytes")
    before, after = _PRIVATE
    with _key(_library().d2i_AutoPrivateKey, before + secret + after) as key:
        yield key


@contextlib.contextmanager
def _key(read: Any, der: bytes) -> Iterator[int]:
    """Read a key, and free it and forget what went wrong when all is done."""
    library = _library()
    buffer = ctypes.create_string_buffer(der, len(der))
    at = ctypes.c_void_p(ctypes.addressof(buffer))
    key = read(None, ctypes.byref(at), len(der))
    try:
        if not key:
            raise ValueError("no key of the curve SM2")
        yield key
    finally:
        library.EVP_PKEY_free(key)
        library.ERR_clear_error()


@contextlib.contextmanager
def _digest(begin: str, key: int) -> Iterator[int]:
    """Begin to sign or to verify over SM3, under the id that everybody uses."""
    library = _library()
    context = library.EVP_MD_CTX_new()
    inner = ctypes.c_void_p()
    try:
        begun = getattr(library, begin)(context, ctypes.byref(inner), library.EVP_sm3(), None, key)
        named = library.EVP_PKEY_CTX_set1_id(inner, IDENTITY, len(IDENTITY))
        assert (begun, named) == (1, 1), "libcrypto has SM2 and SM3, and the key is one"
        yield context
    finally:
        library.EVP_MD_CTX_free(context)
