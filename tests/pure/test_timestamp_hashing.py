"""The trees of archive stamps are RFC 6962's, under whichever hash."""

from __future__ import annotations

import pytest

from catalog.audit_log import merkle
from catalog.timestamps import archive, hashing
from catalog.timestamps.archive import Archive, ArchiveTextMalformed
from catalog.timestamps.hashing import HashAlgorithm, HashAlgorithmUnknown

LEAVES = [b"leaf %d" % n for n in range(20)]


@pytest.mark.parametrize("size", range(20))
def test_under_sha256_the_root_is_that_of_the_log_s_own_tree(size: int) -> None:
    hashes = archive.hashes_of(HashAlgorithm.SHA256, LEAVES[:size])

    assert hashing.root_of(HashAlgorithm.SHA256, hashes) == merkle.root_of(LEAVES[:size])


@pytest.mark.parametrize("algorithm", HashAlgorithm)
def test_every_leaf_has_a_path_to_the_root_and_no_other(algorithm: HashAlgorithm) -> None:
    for size in range(1, 20):
        hashes = archive.hashes_of(algorithm, LEAVES[:size])
        root = hashing.root_of(algorithm, hashes)
        for index, leaf in enumerate(hashes):
            path = hashing.path_of(algorithm, hashes, index)
            assert hashing.root_from(algorithm, leaf, index, size, path) == root
            assert hashing.root_from(algorithm, leaf, index, size, (*path, leaf)) is None
            assert hashing.root_from(algorithm, b"other", index, size, path) != root
            if path:
                assert hashing.root_from(algorithm, leaf, index, size, path[1:]) is None
        assert hashing.root_from(algorithm, hashes[0], size, size, ()) is None


def test_known_digests_come_out() -> None:
    # GB/T 32905-2016, example 1; FIPS 180-4's "abc".
    told = {
        HashAlgorithm.SM3: "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
        HashAlgorithm.SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }

    for algorithm, hexadecimal in told.items():
        assert hashing.digest(algorithm, b"abc").hex() == hexadecimal
    assert hashing.algorithm_of("sm3") is HashAlgorithm.SM3
    with pytest.raises(HashAlgorithmUnknown):
        hashing.algorithm_of("md5")


def test_hashes_come_back_as_they_were_kept() -> None:
    hashes = archive.hashes_of(HashAlgorithm.SHA512, LEAVES)

    assert archive.split(HashAlgorithm.SHA512, archive.joined(hashes)) == hashes


TEXT = Archive(
    origin="shushi.example/log",
    algorithm=HashAlgorithm.SHA512,
    count=12,
    records_root=b"r" * 64,
    size=300,
    entries_root=b"e" * 64,
)


def test_a_text_is_read_as_it_was_written() -> None:
    assert archive.parse(TEXT.text()) == TEXT


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("shushi/archive-timestamp/1", "shushi/archive-timestamp/2"),
        ("hash sha512", "hash md5"),
        ("timestamps 12", "timestamps 012"),
        ("cg==\n", "ch==\n"),  # the same bytes, spelled otherwise
        ("cg==\n", "cg=\n"),
        ("entries 300", "entries -1"),
        ("shushi.example/log", "\udcff"),
    ],
)
def test_a_text_of_another_spelling_is_none(old: str, new: str) -> None:
    text = TEXT.text().decode()
    assert old in text

    with pytest.raises(ArchiveTextMalformed):
        archive.parse(text.replace(old, new).encode("utf-8", "surrogateescape"))
