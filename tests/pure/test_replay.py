"""Full bundles are replayed apart from each other; whatever is odd is then named as before."""

from __future__ import annotations

import pytest

from catalog.audit_log import merkle, tiles
from catalog.audit_log import replay as replaying
from catalog.audit_log.model import Subject
from catalog.audit_log.replay import Bundle, Replayed, replay, replay_each
from catalog.audit_log.verify import verify_export, verify_tree
from market.cli import cores
from tests.exports import Export, Maker

ENTRIES = 3 * 256 + 20
ORDER, OTHER = Subject("order", "a"), Subject("order", "b")


def numbered_log() -> Maker:
    """Return a log that counts two orders across its bundles, with a checkpoint inside the second."""
    maker = Maker()
    for n in range(ENTRIES):
        if n % 3 == 2:
            maker.append()
        else:
            order = ORDER if n % 3 == 0 else OTHER
            maker.append(subjects=(order,), order_seq=n // 3 + 1)
        if n == 299:
            maker.sign()
    maker.sign()
    return maker


LOG = numbered_log()


@pytest.fixture
def export() -> Export:
    return LOG.export()


def bundle_of(export: Export, number: int = 0) -> Bundle:
    entries = export.files[str(tiles.TilePath(None, number))]
    return Bundle(entries, export.files[str(tiles.TilePath(0, number))])


def with_leaf(bundle: Bundle, at: int, leaf: bytes) -> Bundle:
    """Return a bundle with another leaf at a place, and the tile that fits it."""
    leaves = list(tiles.unpack(bundle.entries))
    leaves[at] = leaf
    return Bundle(tiles.pack(leaves), merkle.leaf_hashes(leaves))


def first_bad(export: Export) -> str:
    return str(verify_tree(export, LOG.log_key).first_bad)


def test_a_stretch_comes_to_its_roots_and_the_numbers_of_its_orders(export: Export) -> None:
    first, second = bundle_of(export), bundle_of(export, 1)
    hashes = [first.tile, second.tile]
    roots = [merkle.perfect_root(each) for each in hashes]

    assert replay([second]) == Replayed(hashes[1:], roots[1:], {"a": (87, 171), "b": (86, 171)})
    assert replay([first, second]) == Replayed(hashes, roots, {"a": (1, 171), "b": (1, 171)})
    assert replay([second, first]) is None


def test_a_stretch_with_anything_odd_comes_to_nothing(export: Export) -> None:
    bundle = bundle_of(export)
    first = next(iter(tiles.unpack(bundle.entries)))

    assert replay([with_leaf(bundle, 0, first)]) == replay([bundle])
    assert replay([with_leaf(bundle, 0, b"no leaf")]) is None
    assert replay([with_leaf(bundle, 0, b"\xff")]) is None
    assert replay([with_leaf(bundle, 0, first.replace(b'"v":1', b'"v":2'))]) is None
    assert replay([with_leaf(bundle, 3, first)]) is None  # number 1 of the order, a second time
    assert replay([Bundle(bundle.entries[:-1], bundle.tile)]) is None
    assert replay([Bundle(bundle.entries, bytes(len(bundle.tile)))]) is None
    fewer = list(tiles.unpack(bundle.entries))[:255]
    assert replay([Bundle(tiles.pack(fewer), merkle.leaf_hashes(fewer))]) is None


def test_a_log_of_several_bundles_passes_as_a_tree_and_as_an_export(export: Export) -> None:
    verdict = verify_tree(export, LOG.log_key)

    assert verdict.problems == ()
    assert verdict.counts["entries"] == ENTRIES
    assert verdict.counts["tiles"] == verify_export(export, LOG.log_key).counts["tiles"]


def test_roots_that_were_signed_inside_a_bundle_are_compared(export: Export) -> None:
    note = LOG.checkpoints[0][2]
    export.files["checkpoint.witnessed"] = note
    assert verify_tree(export, LOG.log_key).problems == ()

    forked = Maker()
    for _ in range(300):
        forked.append()
    forked.sign()
    export.files["checkpoint.witnessed"] = forked.checkpoints[0][2]
    assert first_bad(export) == "checkpoint 300: entries 0 to 299 do not have the signed root"


@pytest.mark.parametrize(("number", "entry"), [(0, 0), (1, 256), (2, 512)])
def test_a_leaf_that_was_changed_is_named_in_every_bundle(
    export: Export, number: int, entry: int
) -> None:
    name = str(tiles.TilePath(None, number))
    raw = bytearray(export.files[name])
    raw[100] ^= 1
    export.files[name] = bytes(raw)

    assert first_bad(export).startswith(f"entry {entry}: ")


@pytest.mark.parametrize("stretch", [1, 32])
def test_an_order_that_does_not_go_on_in_the_next_bundle_is_named(
    stretch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "STRETCH", stretch)
    maker = Maker()
    for n in range(520):
        maker.append(subjects=(ORDER,), order_seq=n + 1 if n < 256 else n + 2)
    maker.sign()

    assert first_bad(maker.export()) == "entry 256: is number 258 of order a, but 257 was due"


def test_a_tile_above_that_is_not_the_tile_of_the_entries_is_named() -> None:
    maker = Maker()
    for _ in range(300):
        maker.append()
    maker.sign()
    export = maker.export()
    export.files["tile/1/000.p/1"] = bytes(32)

    assert first_bad(export) == "tile tile/1/000.p/1: is not the tile of these entries"


def test_several_cores_find_what_one_finds(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "FEW", 1)
    monkeypatch.setattr(replaying, "STRETCH", 2)
    many = [bundle_of(export)] * 61

    def read(number: int) -> Bundle | None:
        return many[number] if number < len(many) else None

    for stretch in (1, 2, 60):
        monkeypatch.setattr(replaying, "STRETCH", stretch)
        assert list(cores.replay_on_all_cores(read)) == list(replay_each(read))
    assert list(cores.replay_on_all_cores(lambda _: None)) == [Replayed([], [], {})]
    monkeypatch.setattr(replaying, "STRETCH", 1)
    verdict = verify_tree(export, LOG.log_key, replayer=cores.replay_on_all_cores)
    assert verdict.problems == ()
    export.files[str(tiles.TilePath(0, 1))] = bytes(8192)
    verdict = verify_tree(export, LOG.log_key, replayer=cores.replay_on_all_cores)
    assert str(verdict.first_bad).startswith("tile 0/1: ")
