"""Read and make the key under which what signs to endpoints is kept: a file beside the signing keys."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from catalog.kernel import disk
from catalog.kernel.errors import Invalid
from catalog.kernel.sealed import Box

_NAME: Final = "webhook_secrets.key"


class WebhookKeyUnusable(Invalid):
    """The key file is not 64 hex digits. Under another one nothing could be opened, so none is made."""

    code = "webhook_key_unusable"


def box(directory: Path) -> Box:
    """Return what seals the secrets of endpoints; its key is made when there is none yet.

    :raises WebhookKeyUnusable: if the file is malformed.
    """
    key = disk.own_secret(directory / _NAME)
    if key is None:
        raise WebhookKeyUnusable(file=_NAME)
    return Box(key)
