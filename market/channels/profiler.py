"""Look into a stored content in a process apart (数据画像): its profile, or why there is none."""

from __future__ import annotations

import contextlib
import pathlib

from catalog.files import disk
from catalog.kernel.errors import DomainError
from catalog.products.model import Content
from catalog.profiles.model import Profile, RefusedBytes
from catalog.profiles.profiling import PROFILE, Asked
from market.channels.cage import Cage, InputNotProcessed


async def profiled(cage: Cage, directory: pathlib.Path, content: Content) -> Profile | RefusedBytes:
    """Return what is known of a content; no transaction is open meanwhile.

    :raises CageBusy: if too many are being read.
    :raises FileContentAltered: if the bytes are not those of the digest.
    """
    stored = await disk.open_verified(directory, content.sha256, content.size_bytes)
    with contextlib.closing(stored):
        try:
            return await cage.one(PROFILE, Asked(), disk.chunks_of(stored))
        except DomainError as error:
            if error.code in PROFILE.refusals or error.code == InputNotProcessed.code:
                return RefusedBytes(error.code, error.facts)
            raise
