"""Say in words what changed between two versions of a product, field by field (版本差异)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from catalog.products.differing import FieldChange
from catalog.products.labels import LABELS
from market.portal.word_diff import Kind, Part, compared
from market.portal.wording import Speaker

# Which fields hold a value of a fixed list, and of which.
_LISTS: Final[Mapping[str, str]] = {
    "form": "form",
    "sub_form": "sub_form",
    "market_tier": "market_tier",
    "metering_unit": "unit",
    "origin_path": "origin",
    "update_cycle": "update_cycle",
    "data_nature": "nature",
    "sharing_type": "sharing",
    "open_attribute": "openness",
    "ai_generated": "ai",
    "delivery_modes": "delivery",
    "industry_section": "industry",
    "classification/level": "level",
    "classification/reclassification/of_sources": "level",
    "sources/nature": "nature",
    "sources/acquisition_method": "method",
    "sources/classification_level": "level",
    "items/type": "item_type",
    "items/sensitivity": "sensitivity",
}
_PATHS: Final = {label: path for path, label in LABELS.items()}


class ToldChange(msgspec.Struct, frozen=True, kw_only=True):
    """A field that is otherwise: how it is called, of which entry of a list, and both in one."""

    field: str
    entry: str  # of which source, item or scenario; "" where there is but one
    parts: list[Part]

    @property
    def kind(self) -> str:
        """Return whether something was added, removed or changed."""
        kinds = {part.kind for part in self.parts}
        if kinds == {Kind.NEW}:
            return "added"
        return "removed" if kinds == {Kind.GONE} else "changed"


def told(changes: Sequence[FieldChange], speaker: Speaker) -> list[ToldChange]:
    """Return the changes as people read them; what says nothing on either side is left out."""
    found = (_told(change, speaker) for change in changes)
    return [each for each in found if each.parts]


def _told(change: FieldChange, speaker: Speaker) -> ToldChange:
    path = _PATHS[change.label]
    before, after = (_words(path, value, speaker) for value in (change.before, change.after))
    is_prose = isinstance(change.before, str) and isinstance(change.after, str)
    if is_prose and path not in _LISTS:
        parts = compared(before, after)
    else:
        both = (Part(Kind.GONE, before), Part(Kind.NEW, after))
        parts = [part for part in both if part.text]
    return ToldChange(field=_called(path, speaker), entry=_entry(change.pointer, path), parts=parts)


def _entry(pointer: str, path: str) -> str:
    """Return by what name an entry of a list is told apart; the name may have any characters."""
    head, _, field = path.partition("/")
    if head not in ("sources", "items", "scenarios", "conforms_to"):
        return ""
    return pointer.removeprefix(f"/{head}/").removesuffix(f"/{field}" if field else "")


def _called(path: str, speaker: Speaker) -> str:
    label = LABELS[path]
    return label.en if speaker.language == "en" else label.zh


def _words(path: str, value: Any, speaker: Speaker) -> str:
    """Return a value in words; nothing is said of what is empty."""
    if value is None or value in ("", []):
        return ""
    if isinstance(value, bool):
        return speaker("site.yes" if value else "site.no")
    if isinstance(value, list):
        return speaker("revision.and").join(_words(path, each, speaker) for each in value)
    if isinstance(value, dict):
        lines = (
            f"{_called(f'{path}/{field}', speaker)}{speaker('site.colon')}{words}"
            for field, inner in value.items()
            if inner is not False and (words := _words(f"{path}/{field}", inner, speaker))
        )
        return "\n".join(lines)
    return speaker.label(_LISTS[path], value) if path in _LISTS else str(value)
