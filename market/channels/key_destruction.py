"""Say how the private half of a key is destroyed where it lies: in a file, or in a security module (销毁方式)."""

from __future__ import annotations

import functools
from typing import Final

from catalog.key_custody import disk
from catalog.key_custody.operations import Destruction
from catalog.signing import disk as key_files
from catalog.signing.model import PublicKey
from market.channels import security_module
from market.settings import Settings

IN_A_FILE: Final = "file overwritten and removed"
IN_A_MODULE: Final = "object destroyed in the security module"


def of(settings: Settings, key: PublicKey) -> Destruction:
    """Return what destroys ``key`` on this machine; a file goes before a token, which may have taken its place."""
    directory = settings.keys_dir
    if key.purpose in settings.pkcs11_keys and not _has_file(settings, key):
        return Destruction(IN_A_MODULE, functools.partial(security_module.destroy, settings, key))
    return Destruction(IN_A_FILE, functools.partial(disk.destroy, directory, key.key_id))


def _has_file(settings: Settings, key: PublicKey) -> bool:
    found = key_files.find_retired(settings.keys_dir, key.key_id)
    return found is not None or key_files.was_destroyed(settings.keys_dir, key.key_id)
