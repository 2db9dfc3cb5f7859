"""Hash and check passwords with argon2id, in OWASP's measure (m = 19 MiB, t = 2, p = 1).

Some twenty milliseconds of one core each: callers run it in a thread.
"""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# Checked when the login is unknown, so that a wrong login takes as long as a wrong password. It is
# the hash of a value that nobody kept.
DECOY: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$DqEaWB2k3k5i+Dx1moaaHw$"
    "mqDfiwAznMHzCXSfYehDtzDW6yAZWiXlfQYJIT16HhY"
)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, its parameters and salt inside."""
    return _HASHER.hash(password)


def matches(password_hash: str, password: str) -> bool:
    """Tell whether ``password`` is the one that was hashed."""
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
