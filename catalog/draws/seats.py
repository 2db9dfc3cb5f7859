"""Say who is drawn, and who is drawn instead of one who stands aside (抽取与回避); pure and repeatable.

The seed is SHA-256 of ``shushi/v1/draw`` and a line feed, the commitment's digest, and the root of the first
signed checkpoint under which the commitment lies. Who committed could not know that root, and who
signed it could not know the nonce.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from catalog.kernel.draw import draw
from catalog.kernel.errors import Refused

_DOMAIN: Final = b"shushi/v1/draw\n"


class DrawNotReady(Refused):
    """No checkpoint covers the commitment yet; chance has not spoken."""

    code = "draw_not_ready"


def seed_of(commitment_sha256: str, root: bytes) -> bytes:
    """Return the seed: nobody could choose both of its parts."""
    return hashlib.sha256(_DOMAIN + bytes.fromhex(commitment_sha256) + root).digest()


def redrawn(
    seed: bytes, directory: Sequence[str], seated: Sequence[str], aside: Sequence[str]
) -> str | None:
    """Return who takes the next empty seat; None if nobody is left.

    ``aside`` are all who stood aside before, in order, without the one whose seat is empty now.
    """
    out = {*seated, *aside}
    left = [each for each in directory if each not in out]
    if not left:
        return None
    (found,) = draw(seed + b"recusal" + len(aside).to_bytes(4, "big"), left, 1)
    return found


def after_recusals(
    seed: bytes,
    directory: Sequence[str],
    seated: Sequence[str],
    swaps: Sequence[tuple[str, str]],
) -> tuple[str, ...] | None:
    """Return who sits after every recusal was drawn again, None if one does not fit.

    ``swaps`` are who stood aside and who came instead, in order.
    """
    found = list(seated)
    for k, (aside, instead) in enumerate(swaps):
        if aside not in found:
            return None
        if redrawn(seed, directory, found, [each for each, _ in swaps[:k]]) != instead:
            return None
        found[found.index(aside)] = instead
    return tuple(found)
