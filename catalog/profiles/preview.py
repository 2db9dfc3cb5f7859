"""Show the first rows of a content, masked (脱敏样例), to whom its level allows (RULES §8)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from catalog.kernel.errors import Refused
from catalog.products.items import key_of
from catalog.products.model import AiShare, Content, Description, ItemType, Level, Sensitivity
from catalog.profiles.masking import WHOLE, mask
from catalog.profiles.model import Column, ContentProfile
from catalog.profiles.profiling import suggested

#: Of these, rows may be shown to everybody once they are masked (BJ-23 level 1, §8.1 leg B and C).
_OPEN_LEVELS: Final = frozenset({Level.BJ_1, Level.GENERAL})


class PreviewNotAllowedForLevel(Refused):
    """Rows of this level are shown to nobody but the supplier and the authorities, even masked."""

    code = "preview_not_allowed_for_level"


class PreviewMissing(Refused):
    """There is no content, it was not read yet, or it is no table; ``reason`` tells which."""

    code = "preview_missing"


class ShownColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a preview."""

    name: str
    title: str
    type: ItemType
    unit: str
    sensitivity: Sensitivity  # as declared, or as it seems
    is_masked: bool


class Label(msgspec.Struct, frozen=True):
    """What has to stand beside content that a machine made (显式标识, AIL-1)."""

    share: AiShare
    zh: str
    en: str


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The first rows, masked."""

    content_version: int
    sha256: str
    columns: tuple[ShownColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    rows_read: int  # from which these are the first
    is_whole: bool
    ai_label: Label | None


def check_level(description: Description, *, is_inside: bool) -> None:
    """Return if rows of this product may be shown, masked, to somebody.

    :raises PreviewNotAllowedForLevel: if not; national core data to nobody at all.
    """
    level = None if description.classification is None else description.classification.level
    is_core = description.contains_national_core_data or level is Level.CORE
    if is_core or not (is_inside or level in _OPEN_LEVELS):
        raise PreviewNotAllowedForLevel(level="none" if level is None else level.value)


def preview_of(description: Description, content: Content, stored: ContentProfile) -> Preview:
    """Return the masked rows: sensitive as declared, or as the profiler suspects, or both.

    :raises PreviewMissing: if the content is no table.
    """
    profile = stored.profile
    if profile is None:
        reason = "unknown" if stored.refusal is None else stored.refusal.code
        raise PreviewMissing(reason=reason)
    declared = {key_of(item.name): item for item in description.items}
    kinds = []
    shown = []
    for column in profile.columns:
        item = declared.get(key_of(column.name))
        says = Sensitivity.NONE if item is None else item.sensitivity
        kinds.append((says, suggested(column)))
        shown.append(
            ShownColumn(
                name=column.name,
                title="" if item is None else item.title,
                type=column.type if item is None else item.type,
                unit="" if item is None else item.unit,
                sensitivity=says if says is not Sensitivity.NONE else suggested(column),
                is_masked=says is not Sensitivity.NONE or column.suggestion is not None,
            )
        )
    return Preview(
        content_version=content.version,
        sha256=content.sha256,
        columns=tuple(shown),
        rows=tuple(
            tuple(_masked(value, *kind) for value, kind in zip(row, kinds, strict=True))
            for row in profile.sample
        ),
        rows_read=profile.rows,
        is_whole=profile.is_whole,
        ai_label=label_of(description),
    )


def label_of(description: Description) -> Label | None:
    """Return what is said wherever the content is shown or handed out, if a machine made any of it."""
    return _LABELS.get(description.ai_generated)


def redacted(column: Column, declared: Sensitivity = Sensitivity.NONE) -> Column:
    """Return what everybody may know of a column: neither its least and greatest value nor its shapes."""
    hides = declared is not Sensitivity.NONE or column.suggestion is not None
    return msgspec.structs.replace(
        column,
        minimum=None,
        maximum=None,
        shapes=(),
        longest=0 if hides else column.longest,
    )


def _masked(value: Any, declared: Sensitivity, seems: Sensitivity) -> Any:
    if declared is Sensitivity.NONE or declared is seems:
        return value  # as it lies there, masked as it seems
    if seems is Sensitivity.NONE:
        return mask(value, declared)
    return None if value is None else WHOLE  # people and profiler disagree: neither rule is enough


_LABELS: Final = {
    AiShare.PARTLY: Label(
        AiShare.PARTLY, "部分内容由人工智能生成", "Partly generated by artificial intelligence"
    ),
    AiShare.FULL: Label(AiShare.FULL, "内容由人工智能生成", "Generated by artificial intelligence"),
}
