"""Say which public files a log has more when it grows (公开文件): C2SP tlog-tiles, full and unfinished ones."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.audit_log.merkle import HASH_LENGTH, TILE_WIDTH, Edge, leaf_hash
from catalog.audit_log.tiles import TilePath, pack


def grown(
    edge: Edge, known: Sequence[bytes], leaves: Sequence[bytes]
) -> tuple[Edge, dict[str, bytes]]:
    """Return the edge after more leaves, and every file that the log of that size has more, by its path.

    ``known`` are the leaves of the unfinished bundle at ``edge``, which the next bundle begins with.
    """
    after, full = edge.extended([leaf_hash(each) for each in leaves])
    files = {str(TilePath(tile.level, tile.number)): tile.hashes for tile in full}
    for level, partial in enumerate(after.partials):
        if partial:
            width = len(partial) // HASH_LENGTH
            files[str(TilePath(level, after.size >> (8 * (level + 1)), width))] = partial
    every = [*known, *leaves]
    first = edge.size - len(known)
    for start in range(0, len(every), TILE_WIDTH):
        some = every[start : start + TILE_WIDTH]
        files[str(TilePath(None, (first + start) // TILE_WIDTH, len(some)))] = pack(some)
    return after, files


def is_unfinished(name: str) -> bool:
    """Tell whether a file is an unfinished tile or bundle."""
    return ".p/" in name


def outlived(edge: Edge) -> list[str]:
    """Return the folders of unfinished files that nobody asks for any more.

    The file that follows the finished one is finished as well; until then readers of older
    checkpoints find theirs.
    """
    found = []
    for level in range(len(edge.partials)):
        number = (edge.size >> (8 * (level + 1))) - 2
        if number >= 0:
            found.append(f"{TilePath(level, number)}.p")
            if level == 0:
                found.append(f"{TilePath(None, number)}.p")
    return found
