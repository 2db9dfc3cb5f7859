"""Show amounts, sizes and addresses as people read them."""

from __future__ import annotations

import enum
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from catalog.products.model import Product
from settlement import money

_FEN_PER_YUAN: Final = 100
_TYPED: Final = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,2}))?")
_KIBI: Final = 1024
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_SIZE_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_MAX_FILTER_LENGTH: Final = 200

Link = Callable[..., str]
_State = TypeVar("_State", bound=enum.StrEnum)


def yuan(amount_fen: int) -> str:
    """Return an amount in yuan, to the fen, with the minus sign of typography: ¥1,234.50, −¥0.05."""
    return money.yuan(amount_fen).replace("-", "−")


def fen_of(text: str) -> int | None:
    """Return the fen of an amount that somebody typed in yuan, or None: 1234.5, 1,234.50, ¥1234."""
    told = _TYPED.fullmatch(text.strip().removeprefix("¥").replace(",", ""))
    return (
        None if told is None else int(told[1]) * _FEN_PER_YUAN + int((told[2] or "0").ljust(2, "0"))
    )


def whole(number: int) -> str:
    """Return a count with its thousands set apart: 64,087."""
    return f"{number:,}"


def size(size_bytes: int) -> str:
    """Return a size in the unit in which it is below 1024, with one decimal."""
    unit, scale = 0, 1
    while size_bytes >= scale * _KIBI and unit < len(_SIZE_UNITS) - 1:
        unit, scale = unit + 1, scale * _KIBI
    if unit == 0:
        return f"{size_bytes} B"
    tenths = size_bytes * 10 // scale
    return f"{tenths // 10}.{tenths % 10} {_SIZE_UNITS[unit]}"


def address(path: str, query: Mapping[str, str | None]) -> str:
    """Return a path with those of the parameters that say something."""
    said = {name: value for name, value in query.items() if value}
    return f"{path}?{urllib.parse.urlencode(said)}" if said else path


def linker(path: str, query: Mapping[str, str | None]) -> Link:
    """Return what makes links that keep what was asked and change a part; the old place goes."""
    return lambda **changes: address(path, {**query, **changes})


def one_of(states: type[_State], given: str | None) -> _State | None:
    """Return the state of that name, or None if there is none."""
    return next((state for state in states if state.value == given), None)


def scenario_names(product: Product | None) -> dict[str, str]:
    """Return the supplier's own words for the codes of its scenarios.

    A product that was taken back is not public any more; its prices still name its scenarios.
    """
    if product is None or product.description is None:
        return {}
    return {each.code: each.description for each in product.description.scenarios}


def cleaned(text: str | None) -> str | None:
    """Return what somebody typed or linked without unreadable characters, None if none is left."""
    return None if text is None else readable(text).strip()[:_MAX_FILTER_LENGTH] or None


def readable(text: str) -> str:
    """Return a text without the characters that nobody can read."""
    return "".join(character for character in text if character.isprintable())


def tongue(text: str, language: str) -> str:
    """Return the language of a text if it is another than the page's, as HTML names it; else none.

    A voice that reads the page aloud has to know (WCAG 3.1.2).
    """
    told = "zh" if _HAN.search(text) else "en"
    return "" if told == language else {"zh": "zh-CN", "en": "en"}[told]


def own_path(text: str | None) -> str:
    """Return where to go on after signing in: a path of this site, or else the first page.

    A path is taken apart and put together again, so that no other host can hide in it.
    """
    given = text or "/"
    plain = given.isprintable() and given.startswith("/") and "\\" not in given
    if not plain or given.startswith("//"):
        return "/"
    parts = urllib.parse.urlsplit(given)
    path = urllib.parse.quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    query = urllib.parse.quote(parts.query, safe="=&%+:@!$'()*,;~-._/?")
    return path + (f"?{query}" if query else "")
