"""Read a YAML or JSON text into plain values, and remember in which line each of them stands."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec
import yaml

from catalog.kernel.errors import Invalid
from market.manifests import json_lines

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_NODES: Final = 200_000  # aliases can make much of little
MAX_DEPTH: Final = 32  # a manifest has six
_LOADER: Final[type[Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ManifestUnreadable(Invalid):
    """The file is no YAML or JSON that can be read here (清单文件无法读取)."""

    code = "manifest_unreadable"


class ManifestKeyDoubled(Invalid):
    """A field stands twice in the same place, so that it is open which one counts."""

    code = "manifest_key_doubled"


class Document(msgspec.Struct, frozen=True):
    """What a text says, and in which line each value begins (by JSON pointer)."""

    value: Any
    lines: dict[str, int]


class At(Exception):
    """Carry a refusal and the line that it is about; no refusal of its own."""

    def __init__(self, refusal: Invalid, line: int, pointer: str = "") -> None:
        super().__init__(refusal, line)
        self.refusal: Final = refusal
        self.line: Final = line
        self.pointer: Final = pointer


def read(raw: bytes, *, is_json: bool = False) -> Document:
    """Return what ``raw`` says.

    :raises At: with ``ManifestUnreadable`` or ``ManifestKeyDoubled``, and the line.
    """
    if len(raw) > MAX_BYTES:
        raise At(ManifestUnreadable(reason=f"> {MAX_BYTES} bytes"), 1)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise At(ManifestUnreadable(reason="not UTF-8"), line) from error
    return _read_json(text) if is_json else _read_yaml(text)


def _read_json(text: str) -> Document:
    lines = _Lines()
    try:
        json.loads(text)  # it says best what is wrong, and what is left is JSON
        return Document(json_lines.Reader(text, lines.add).value(), lines.found)
    except json.JSONDecodeError as error:
        raise At(ManifestUnreadable(reason=error.msg), error.lineno) from error
    except json_lines.FieldDoubled as doubled:
        refusal = ManifestKeyDoubled(field=doubled.name)
        raise At(refusal, doubled.line, doubled.pointer) from doubled
    except RecursionError as error:
        raise At(ManifestUnreadable(reason=f"deeper than {MAX_DEPTH}"), 1) from error


def _read_yaml(text: str) -> Document:
    lines = _Lines()
    try:
        _check_depth(text)
        loader = _LOADER(text)
        node = loader.get_single_node()
        if node is None:
            raise At(ManifestUnreadable(reason="empty"), 1)
        return Document(_Builder(loader, lines).value_of(node, "", 0), lines.found)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise At(ManifestUnreadable(reason=str(error.problem or error.context)), line) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise At(ManifestUnreadable(reason=str(error).partition("\n")[0]), 1) from error


def _check_depth(text: str) -> None:
    # The library makes nodes by calling itself, and a hundred thousand brackets end the process.
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1
                raise At(ManifestUnreadable(reason=f"deeper than {MAX_DEPTH}"), line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Lines:
    """Keep the line of each value, as long as there are not too many."""

    def __init__(self) -> None:
        self.found: dict[str, int] = {}
        self._count = 0

    def add(self, pointer: str, line: int, depth: int) -> None:
        self._count += 1
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            raise At(ManifestUnreadable(reason="too many values, or too deep"), line)
        self.found[pointer] = line


class _Builder:
    """Make values of nodes, each with its line."""

    def __init__(self, loader: Any, lines: _Lines) -> None:
        self._loader = loader
        self._lines = lines

    def value_of(self, node: yaml.Node, pointer: str, depth: int) -> Any:
        self._lines.add(pointer, node.start_mark.line + 1, depth)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, pointer, depth)
        if isinstance(node, yaml.SequenceNode):
            return [
                self.value_of(each, f"{pointer}/{index}", depth + 1)
                for index, each in enumerate(node.value)
            ]
        return self._loader.construct_object(node)

    def _mapping(self, node: yaml.MappingNode, pointer: str, depth: int) -> dict[str, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise At(ManifestUnreadable(reason="a field has no name"), line, pointer)
            if key.value in seen:
                place = f"{pointer}/{key.value}"
                raise At(ManifestKeyDoubled(field=key.value), line, place)
            seen.add(key.value)
        self._loader.flatten_mapping(node)  # what is merged in (<<) comes first, one's own after
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(self._loader.construct_object(key))
            place = f"{pointer}/{name}"
            found[name] = self.value_of(value, place, depth + 1)
            self._lines.found[place] = key.start_mark.line + 1
        return found
