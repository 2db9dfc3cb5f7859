"""Read excerpts of a register of companies from files (企业登记摘录): one organisation each, as JSON."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import msgspec

from market.affiliations.model import Excerpt
from market.affiliations.register import ExcerptUnreadable


class ExcerptFiles:
    """A file, or all ``.json`` files of a directory, in the order of their names."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path

    def excerpts(self) -> Iterator[Excerpt]:
        """Yield what each file says.

        :raises ExcerptUnreadable: if one holds something else.
        """
        is_one = self._path.is_file()
        for path in [self._path] if is_one else sorted(self._path.glob("*.json")):
            try:
                yield msgspec.json.decode(path.read_bytes(), type=Excerpt)
            except (OSError, msgspec.DecodeError) as error:
                raise ExcerptUnreadable(file=path.name, detail=str(error)) from error
