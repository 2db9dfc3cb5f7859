"""The tree: roots as RFC 6962 publishes them, and proofs for every small size."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log import merkle
from catalog.audit_log.merkle import Edge, Hash

INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

SIZES = range(71)
LEAVES = [f"leaf {i}".encode() for i in SIZES]
TREES = [merkle.root_of(LEAVES[:size]) for size in SIZES]


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def tiles_for(size: int, leaves: list[bytes]) -> dict[tuple[int, int], bytes]:
    edge, full = Edge().extended([merkle.leaf_hash(leaf) for leaf in leaves[:size]])
    tiles = {(tile.level, tile.number): tile.hashes for tile in full}
    for level, partial in enumerate(edge.partials):
        tiles[level, size >> (8 * (level + 1))] = partial
    return tiles


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots_of_rfc_6962_are_met(size: int) -> None:
    assert merkle.root_of(INPUTS[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize("size", [*SIZES, 255, 256, 257, 511, 512, 700])
def test_the_root_is_that_of_the_recursive_definition(size: int) -> None:
    leaves = [str(i).encode() for i in range(size)]

    assert merkle.root_of(leaves) == naive_root(leaves)


@pytest.mark.parametrize("size", SIZES[1:])
def test_every_leaf_of_every_small_tree_is_proven_to_be_in_it(size: int) -> None:
    tiles = tiles_for(size, LEAVES)

    for index in range(size):
        proof = merkle.hashes_of(merkle.inclusion_spans(index, size), tiles)

        leaf = merkle.leaf_hash(LEAVES[index])
        assert merkle.verify_inclusion(leaf, index, size, proof, TREES[size])
        assert not merkle.verify_inclusion(leaf, index, size, [*proof, leaf], TREES[size])
        if size > 1:
            assert not merkle.verify_inclusion(leaf, index, size, proof[1:], TREES[size])
            assert not merkle.verify_inclusion(leaf, (index + 1) % size, size, proof, TREES[size])
            other = merkle.leaf_hash(b"another leaf")
            assert not merkle.verify_inclusion(other, index, size, proof, TREES[size])


@pytest.mark.parametrize("new", SIZES)
def test_every_small_tree_is_proven_to_continue_every_smaller_one(new: int) -> None:
    tiles = tiles_for(new, LEAVES)

    for old in range(new + 1):
        proof = merkle.hashes_of(merkle.consistency_spans(old, new), tiles)

        assert merkle.verify_consistency(old, new, TREES[old], TREES[new], proof)
        wrong = Hash(bytes(32))
        assert not merkle.verify_consistency(old, new, wrong, TREES[new], proof)
        assert not merkle.verify_consistency(old, new, TREES[old], TREES[new], [*proof, wrong])
        if 0 < old < new:
            assert not merkle.verify_consistency(old, new, TREES[old], wrong, proof)
            assert not merkle.verify_consistency(old, new, TREES[old], TREES[new], proof[:-1])
            assert not merkle.verify_consistency(old, new, TREES[old], TREES[new], [])


@pytest.mark.parametrize("before", [0, 1, 255, 256, 300])
def test_a_full_tile_with_a_known_root_grows_the_tree_as_its_leaves_do(before: int) -> None:
    start = before * merkle.TILE_WIDTH
    edge, _ = merkle.Edge().extended([Hash(n.to_bytes(32)) for n in range(start)])
    new = [Hash(bytes([7]) * 31 + bytes([n])) for n in range(merkle.TILE_WIDTH)]
    tile = b"".join(new)

    assert edge.with_tile(tile, merkle.perfect_root(tile)) == edge.extended(new)


@pytest.mark.parametrize("count", [0, 3, 255])
def test_only_a_power_of_two_has_a_perfect_root(count: int) -> None:
    with pytest.raises(ValueError, match=f"^{count} hashes"):
        merkle.perfect_root(bytes(32 * count))


def test_a_full_tile_fits_only_behind_a_full_one() -> None:
    edge, _ = merkle.Edge().extended([Hash(bytes(32))])

    with pytest.raises(ValueError, match="1 leaves stand beyond the last full tile"):
        edge.with_tile(bytes(32 * 256), Hash(bytes(32)))


@given(st.integers(1, 700), st.data())
def test_proofs_hold_across_tile_borders(size: int, data: st.DataObject) -> None:
    leaves = [str(i).encode() for i in range(size)]
    tiles = tiles_for(size, leaves)
    root = merkle.root_of(leaves)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))

    spans = merkle.inclusion_spans(index, size)
    inclusion = merkle.hashes_of(spans, tiles)
    consistency = merkle.hashes_of(merkle.consistency_spans(old, size), tiles)

    assert merkle.tiles_of(spans) <= tiles.keys()
    assert merkle.verify_inclusion(merkle.leaf_hash(leaves[index]), index, size, inclusion, root)
    assert merkle.verify_consistency(old, size, merkle.root_of(leaves[:old]), root, consistency)


@given(st.lists(st.integers(0, 300), max_size=6))
def test_a_tree_is_the_same_however_its_leaves_come_in(batches: list[int]) -> None:
    total = sum(batches)
    hashes = [merkle.leaf_hash(str(i).encode()) for i in range(total)]
    at_once, tiles_at_once = Edge().extended(hashes)

    edge, tiles, start = Edge(), [], 0
    for count in batches:
        edge = merkle.unpacked_edge(edge.size, edge.packed())
        edge, filled = edge.extended(hashes[start : start + count])
        tiles += filled
        start += count

    assert edge.root() == at_once.root()
    assert edge.packed() == at_once.packed()
    assert sorted((t.level, t.number, t.hashes) for t in tiles) == sorted(
        (t.level, t.number, t.hashes) for t in tiles_at_once
    )


def test_a_tree_of_three_tile_levels_has_the_root_of_its_halves() -> None:
    hashes = [merkle.leaf_hash(i.to_bytes(3)) for i in range(65_536 + 300)]

    edge, tiles = Edge().extended(hashes)

    assert merkle.edge_widths(edge.size) == (44, 1, 1)
    assert [(t.level, t.number) for t in tiles[-2:]] == [(0, 256), (1, 0)]
    left = merkle.perfect_root(b"".join(hashes[:65_536]))
    right = Edge().extended(hashes[65_536:])[0].root()
    assert edge.root() == merkle.node_hash(left, right)


@pytest.mark.parametrize("old", [0, 1, 255, 256, 300, 512, 600])
def test_the_edge_of_an_earlier_size_is_read_from_the_tiles(old: int) -> None:
    leaves = [str(i).encode() for i in range(600)]
    tiles = tiles_for(600, leaves)

    edge = merkle.edge_at(old, lambda level, number: tiles[level, number])

    assert edge == Edge().extended([merkle.leaf_hash(x) for x in leaves[:old]])[0]


def test_an_edge_is_not_read_from_a_tile_that_is_too_short() -> None:
    with pytest.raises(ValueError, match="too short"):
        merkle.edge_at(3, lambda _level, _number: bytes(64))


def test_a_stored_edge_of_a_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="has 96 bytes, not 64"):
        merkle.unpacked_edge(3, bytes(64))


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="is not in a tree"):
        merkle.inclusion_spans(index, size)

    assert merkle.root_from_inclusion(Hash(bytes(32)), index, size, []) is None


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_a_tree_does_not_continue_a_larger_one(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="does not continue"):
        merkle.consistency_spans(old, new)

    assert not merkle.verify_consistency(old, new, bytes(32), bytes(32), [])


def test_a_proof_needs_every_tile_it_touches() -> None:
    spans = merkle.inclusion_spans(5, 70)

    with pytest.raises(ValueError, match="does not hold node"):
        merkle.hashes_of(spans, {})
    with pytest.raises(ValueError, match="does not hold node"):
        merkle.ManyRoots({}).of(spans)


@pytest.mark.parametrize("size", [1, 5, 255, 256, 257, 700])
def test_many_proofs_together_are_those_that_each_gets_alone(size: int) -> None:
    tiles = tiles_for(size, [str(i).encode() for i in range(size)])
    roots = merkle.ManyRoots(tiles)

    for index in range(size):
        spans = [(0, size), *merkle.inclusion_spans(index, size)]
        assert roots.of(spans) == merkle.hashes_of(spans, tiles)
