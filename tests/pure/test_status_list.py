"""Which certificates count is told in three bits each, the first from the left."""

from __future__ import annotations

import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.certificates import status_list
from catalog.certificates.states import State
from catalog.certificates.status_list import Status
from tests.pure.test_certificates_format import refusal

NOBODY = bytes(status_list.LENGTH)
PLACES = st.integers(0, status_list.PLACES - 1)


def text_of(packed: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def test_every_state_of_a_certificate_has_a_status_of_its_own() -> None:
    assert set(status_list.STATUS_OF) == set(State)
    assert len(set(status_list.STATUS_OF.values())) == len(State)
    assert Status.UNUSED not in status_list.STATUS_OF.values()


def test_bits_are_counted_from_the_left_of_the_first_byte() -> None:
    bits = status_list.bits_of([(0, State.REVOKED), (2, State.LAPSED), (5, State.FROZEN)])

    assert bits[:3] == bytes([0b101_000_11, 0b0_000_000_0, 0b01_000_000])
    assert len(bits) == status_list.LENGTH


@given(st.dictionaries(PLACES, st.sampled_from(State), max_size=40), PLACES)
def test_a_list_says_of_each_place_what_was_written_and_of_others_that_they_count(
    standing: dict[int, State], other: int
) -> None:
    bits = status_list.decoded(status_list.encoded(status_list.bits_of(standing.items())))

    for place, state in standing.items():
        assert status_list.status_at(bits, place) is status_list.STATUS_OF[state]
    if other not in standing:
        assert status_list.status_at(bits, other) is Status.VALID


def test_the_last_place_is_the_end_of_the_last_byte() -> None:
    bits = status_list.bits_of([(status_list.PLACES - 1, State.LAPSED)])

    assert bits[-1] == 0b110
    assert status_list.status_at(bits, status_list.PLACES - 1) is Status.LAPSED


def test_a_list_is_written_the_same_whenever_it_is_written() -> None:
    text = status_list.encoded(NOBODY)
    packed = base64.urlsafe_b64decode(text[1:] + "==")

    assert text == status_list.encoded(NOBODY)
    assert packed[4:8] == bytes(4)  # gzip's time
    assert gzip.decompress(packed) == NOBODY
    assert len(text) < 150


@pytest.mark.parametrize("place", [-1, status_list.PLACES])
def test_a_place_beyond_the_list_is_refused(place: int) -> None:
    with refusal("status_list_unreadable"):
        status_list.status_at(NOBODY, place)


def test_a_list_of_another_length_has_no_places() -> None:
    with refusal("status_list_unreadable"):
        status_list.status_at(NOBODY[:-1], 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "u",
        "z" + status_list.encoded(NOBODY)[1:],  # another multibase
        status_list.encoded(NOBODY) + "=",
        "uAAAA",  # no gzip
        "uA",  # no base64
        text_of(gzip.compress(NOBODY[:-1])),
        text_of(gzip.compress(NOBODY + b"\0")),
        text_of(gzip.compress(NOBODY) + b"more"),
        text_of(gzip.compress(NOBODY)[:-4]),  # cut
        text_of(gzip.compress(bytes(50_000_000))),  # a bomb
    ],
    ids=range(11),
)
def test_what_is_no_list_of_this_form_is_refused(text: str) -> None:
    with refusal("status_list_unreadable"):
        status_list.decoded(text)
