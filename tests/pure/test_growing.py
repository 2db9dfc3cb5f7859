"""Which public files a log has more when it grows."""

from __future__ import annotations

import pytest

from catalog.audit_log import growing, merkle, tiles
from catalog.audit_log.merkle import Edge


def leaves_of(size: int) -> list[bytes]:
    return [b"leaf %d" % n for n in range(size)]


@pytest.mark.parametrize("steps", [(1,), (255, 256, 257), (300, 300, 811), (70_000, 70_001)])
def test_in_whatever_steps_a_log_grows_it_has_every_file_of_its_tree(
    steps: tuple[int, ...],
) -> None:
    leaves = leaves_of(steps[-1])
    edge, files = Edge(), dict[str, bytes]()

    for size in steps:
        known = leaves[edge.size - edge.size % 256 : edge.size]
        edge, more = growing.grown(edge, known, leaves[edge.size : size])
        assert all(files[name] == more[name] for name in files.keys() & more.keys())
        files |= more

    size = steps[-1]
    assert edge.root() == merkle.root_of(leaves)
    for level, width in enumerate(merkle.edge_widths(size)):
        full = size >> (8 * (level + 1))
        for number, wide in [*((n, 256) for n in range(full)), (full, width)]:
            if wide:
                assert len(files[str(tiles.TilePath(level, number, wide))]) == wide * 32
    whole = [n for n in files if n.startswith("tile/entries/") and not growing.is_unfinished(n)]
    assert len(whole) == size // 256
    last = tiles.TilePath(None, size // 256, size % 256) if size % 256 else None
    assert last is None or list(tiles.unpack(files[str(last)])) == leaves[size - size % 256 :]


def test_unfinished_files_are_kept_until_the_next_one_is_finished() -> None:
    def edge_of(size: int) -> Edge:
        return Edge().extended([merkle.leaf_hash(each) for each in leaves_of(size)])[0]

    assert growing.outlived(edge_of(511)) == []
    assert growing.outlived(edge_of(512)) == ["tile/0/000.p", "tile/entries/000.p"]
    assert growing.outlived(Edge(131_072, (b"", b"", bytes(64)))) == [
        "tile/0/510.p",
        "tile/entries/510.p",
        "tile/1/000.p",
    ]
    assert growing.is_unfinished("tile/0/000.p/3")
    assert not growing.is_unfinished("tile/0/000")
