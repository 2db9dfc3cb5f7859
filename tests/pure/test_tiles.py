"""Paths of tiles and bundles of entries, as C2SP tlog-tiles tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log.tiles import NoSuchTile, TilePath, pack, parse_path, unpack


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (TilePath(0, 0), "tile/0/000"),
        (TilePath(3, 1_234_067), "tile/3/x001/x234/067"),
        (TilePath(0, 1_000), "tile/0/x001/000"),
        (TilePath(63, 5, 112), "tile/63/005.p/112"),
        (TilePath(None, 1_000_000), "tile/entries/x001/x000/000"),
        (TilePath(None, 7, 1), "tile/entries/007.p/1"),
    ],
)
def test_a_path_is_written_and_read_as_the_standard_shows(tile: TilePath, path: str) -> None:
    assert str(tile) == path
    assert parse_path(path.removeprefix("tile/")) == tile


@given(st.none() | st.integers(0, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_every_path_is_read_back(level: int | None, number: int, width: int) -> None:
    tile = TilePath(level, number, width)

    assert parse_path(str(tile).removeprefix("tile/")) == tile


@pytest.mark.parametrize(
    "path",
    ["", "0", "0/0", "64/000", "00/000", "0/1234", "0/x000/001", "0/000.p/0", "0/000.p/256",
     "0/000.p/999", "0/000.p/", "data/000", "0/000/", "0/../000", "0/001/234", "0/000.p/07"],
)  # fmt: skip
def test_a_path_written_in_another_way_is_refused(path: str) -> None:
    with pytest.raises(NoSuchTile):
        parse_path(path)


def test_there_is_no_tile_before_the_first() -> None:
    with pytest.raises(ValueError, match="no tile -1"):
        str(TilePath(0, -1))


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_is_unpacked_as_it_was_packed(entries: list[bytes]) -> None:
    assert list(unpack(pack(entries))) == entries


@pytest.mark.parametrize("bundle", [b"\x00", b"\x00\x05abcd", b"\x00\x01a\xff"])
def test_a_bundle_cut_inside_an_entry_is_refused(bundle: bytes) -> None:
    with pytest.raises(ValueError, match="ends inside an entry"):
        list(unpack(bundle))
