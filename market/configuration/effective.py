"""Say what is configured (生效配置): every setting but secrets, and the tables that are delivered with us."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from catalog.rulebooks.registry import RULEBOOKS
from catalog.signing.canonical import canonical
from market.identity.permissions import PERMISSIONS
from market.settings import Settings
from settlement.taxes.model import TaxRate

#: Never told, not even as a digest: of these only whether they are set.
SECRETS: Final = frozenset(
    {
        "database_url",
        "bootstrap_secret",
        "keys_passphrase",
        "pkcs11_pin",
        "smtp_password",
        "sms_gateway_token",
        "bureau_secret",
        "board_operators",
    }
)


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """What the service runs with. The digest is over all of it."""

    settings: dict[str, str]
    tables: dict[str, str]  # SHA-256 of each
    version: str

    @property
    def sha256(self) -> str:
        """Return the digest by which two configurations are compared."""
        return hashlib.sha256(canonical(self)).hexdigest()


def effective(
    settings: Settings,
    *,
    routes: Mapping[tuple[str, str], Any],
    tax_rates: Sequence[TaxRate],
    version: str,
) -> Configuration:
    """Return what is configured."""
    told = msgspec.structs.asdict(settings)
    return Configuration(
        settings={
            name: ("set" if value else "not set") if name in SECRETS else str(value)
            for name, value in sorted(told.items())
        },
        tables={
            "permissions": _digest({role.value: sorted(may) for role, may in PERMISSIONS.items()}),
            "routes": _digest(
                {f"{method} {path}": rule for (method, path), rule in routes.items()}
            ),
            "rulebooks": _digest(RULEBOOKS),
            "tax_rates": _digest(tax_rates),
        },
        version=version,
    )


def changes(before: Configuration | None, after: Configuration) -> list[str]:
    """Return the names of what is not as it was; all of them the first time."""
    if before is None:
        return sorted([*after.settings, *after.tables, "version"])
    names = [
        name
        for was, is_ in ((before.settings, after.settings), (before.tables, after.tables))
        for name in was.keys() | is_.keys()
        if was.get(name) != is_.get(name)
    ]
    return sorted([*names, *(["version"] if before.version != after.version else [])])


def _digest(table: Any) -> str:
    # Sets have no order of their own: sorted, so that two processes say the same.
    return hashlib.sha256(msgspec.json.encode(table, order="sorted")).hexdigest()
