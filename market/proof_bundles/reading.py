"""Read the members of a bundle as anybody may have made them, and name the line that is not readable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

T = TypeVar("T")


class Unread(Exception):
    """A member is not what its name says; nothing after it can be checked."""

    def __init__(self, member: str, reason: str) -> None:
        super().__init__(f"{member}: {reason}")
        self.member = member
        self.reason = reason


def both(zh: str, en: str) -> str:
    """Return a sentence in both languages."""
    return f"{zh} · {en}"


class Bundle:
    """The members of a bundle."""

    def __init__(self, parts: dict[str, bytes]) -> None:
        self.parts = parts

    def decoded(self, name: str, kind: type[T], *, exactly: bool = False) -> T:
        """Return what a member of JSON holds.

        ``exactly``: written as it is handed out, so that each value has one spelling.

        :raises Unread: if it is not there, or not that.
        """
        raw = self.parts.get(name)
        if raw is None:
            raise Unread(name, both("缺失", "it is missing"))
        try:
            told = msgspec.json.decode(raw, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Unread(name, both("无法读取", f"it is not readable: {error}")) from error
        if exactly and msgspec.json.encode(told) != raw:
            raise Unread(name, both("不是交付时的写法", "it is not written as it was handed out"))
        return told

    def lines(self, name: str) -> list[bytes]:
        """Return the lines of a member.

        :raises Unread: if the last one does not end.
        """
        raw = self.parts[name]
        lines = raw.split(b"\n")
        if lines.pop():
            reason = both("最后一行没有结束", "its last line does not end")
            raise Unread(name, reason)
        return lines

    def decoded_lines(self, name: str, kind: type[T], *, exactly: bool = False) -> Iterator[T]:
        """Yield what the lines of a member hold.

        ``exactly``: written as they are handed out, so that each value has one spelling.

        :raises Unread: at the first line that is not that.
        """
        decoder, encode = msgspec.json.Decoder(kind), msgspec.json.Encoder().encode
        for number, line in enumerate(self.lines(name), 1):
            try:
                told = decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                reason = both(f"第 {number} 行无法读取", f"line {number}: {error}")
                raise Unread(name, reason) from error
            if exactly and encode(told) != line:
                reason = both(
                    f"第 {number} 行不是交付时的写法",
                    f"line {number}: it is not written as it was handed out",
                )
                raise Unread(name, reason)
            yield told
