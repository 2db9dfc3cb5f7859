"""Read the licences under which data may be opened, as ``seeds/reference`` keeps them."""

from __future__ import annotations

import functools
import pathlib
import tomllib
from typing import Final

import msgspec

from market.open_data.model import Licence

_FILE: Final = pathlib.Path(__file__).parent / "reference" / "open_licences.toml"


@functools.cache
def load_open_licences() -> tuple[Licence, ...]:
    """Return the licences, in the order of the file."""
    return msgspec.convert(tomllib.loads(_FILE.read_text("utf-8"))["licences"], tuple[Licence, ...])
