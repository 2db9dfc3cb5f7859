"""Read a JSON text that keeps the line of each of its values, which no library does."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Callable
from json.decoder import scanstring  # type: ignore[attr-defined] # it is there, and not in the stubs
from typing import Any, Final

_BLANK: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()


class Reader:
    """Go through a text that is known to be JSON; ``seen`` is told of each value and its line."""

    def __init__(self, text: str, seen: Callable[[str, int, int], None]) -> None:
        self._text = text
        self._seen = seen
        ends = (found.end() for found in re.finditer("\n", text))
        self._starts = [0, *ends]

    def value(self) -> Any:
        """Return what the whole text says.

        :raises FieldDoubled: if a field stands twice in the same place.
        """
        return self._value(self._skip(0), "", 0)[0]

    def _value(self, at: int, pointer: str, depth: int) -> tuple[Any, int]:
        self._seen(pointer, self._line(at), depth)
        opening = self._text[at]
        if opening == "{":
            return self._object(at, pointer, depth)
        if opening == "[":
            return self._array(at, pointer, depth)
        return _DECODER.raw_decode(self._text, at)

    def _object(self, at: int, pointer: str, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        at = self._skip(at + 1)
        while self._text[at] != "}":
            begins = at
            name, at = scanstring(self._text, at + 1, True)
            if name in found:
                raise FieldDoubled(name, self._line(begins), f"{pointer}/{name}")
            at = self._skip(self._skip(at) + 1)  # past the colon
            found[name], at = self._value(at, f"{pointer}/{name}", depth + 1)
            at = self._past_comma(at)
        return found, at + 1

    def _array(self, at: int, pointer: str, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = self._skip(at + 1)
        while self._text[at] != "]":
            index = len(found)
            each, at = self._value(at, f"{pointer}/{index}", depth + 1)
            found.append(each)
            at = self._past_comma(at)
        return found, at + 1

    def _past_comma(self, at: int) -> int:
        at = self._skip(at)
        return self._skip(at + 1) if self._text[at] == "," else at

    def _skip(self, at: int) -> int:
        found = _BLANK.match(self._text, at)
        assert found is not None, "no blank is a blank"
        return found.end()

    def _line(self, at: int) -> int:
        return bisect.bisect_right(self._starts, at)


class FieldDoubled(Exception):
    """Carry which field stands twice, and where."""

    def __init__(self, name: str, line: int, pointer: str) -> None:
        super().__init__(name, line)
        self.name: Final = name
        self.line: Final = line
        self.pointer: Final = pointer
