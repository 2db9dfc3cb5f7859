"""Read a file of codes: a line each, the code, a tab, the name; lines with ``#`` say where from."""

from __future__ import annotations

import hashlib

from catalog.code_trees.lineage import CodeMalformed, parent
from catalog.code_trees.model import Entry, Table, Tree
from catalog.kernel.errors import Invalid


class CodeTableWrong(Invalid):
    """The file is no table of codes: a line can not be read, stands twice, or hangs in the air."""

    code = "code_table_wrong"


def read_table(tree: Tree, text: bytes) -> Table:
    """Return the table in a file.

    :raises CodeTableWrong: with the number of the first line that can not be right.
    """
    entries: dict[str, Entry] = {}
    for number, line in enumerate(text.decode("utf-8").splitlines(), start=1):
        if line.startswith("#") or not line.strip():
            continue
        code, tab, name = line.partition("\t")
        if not tab or not name.strip() or code in entries or not _hangs(tree, code, entries):
            raise CodeTableWrong(tree=tree.value, line=number)
        entries[code] = Entry(code, name.strip())
    if not entries:
        raise CodeTableWrong(tree=tree.value, line=0)
    return Table(
        tree=tree, sha256=hashlib.sha256(text).hexdigest(), entries=tuple(entries.values())
    )


def _hangs(tree: Tree, code: str, known: dict[str, Entry]) -> bool:
    try:
        above = parent(tree, code)
    except CodeMalformed:
        return False
    return above is None or above in known
