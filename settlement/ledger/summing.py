"""Add legs up by account from the bytes in which PostgreSQL copies rows out (重放求和).

A row is copied as a count of its fields, and each field as its length and its bytes, the highest first.
Rows that all have the same fields, none of them NULL, are of one length: a block of them is a table
already, and is added up without making an object of any leg.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

#: What is written before the first row: the signature, flags, and the length of what is further told.
HEADER_LENGTH: Final = 19
#: What is written after the last row.
ENDING: Final = b"\xff\xff"
#: [P] So many bytes are added up at once: enough that a block costs nothing beside its rows.
BLOCK: Final = 16 * 1024 * 1024

Ints = npt.NDArray[np.int64]


class Sums:
    """What stood on each account, by its number, and how many legs made it.

    A leg that is not there is copied as account 0 with amount 0, and is no leg. A leg of no account, or
    of one whose number can not be, counts for account 0, so that it is told and not lost.
    """

    def __init__(self) -> None:
        self.amounts: Ints = np.zeros(1, np.int64)
        self.legs: Ints = np.zeros(1, np.int64)

    def add(self, accounts: Ints, amounts: Ints) -> None:
        """Count legs in, of which the n-th moves the n-th account by the n-th amount."""
        missing = np.count_nonzero((accounts == 0) & (amounts == 0))
        accounts = np.maximum(accounts, 0)
        more = int(accounts.max(initial=0)) + 1 - self.amounts.size
        if more > 0:
            self.amounts = np.pad(self.amounts, (0, more))
            self.legs = np.pad(self.legs, (0, more))
        np.add.at(self.amounts, accounts, amounts)
        self.legs += np.bincount(accounts, minlength=self.legs.size)
        self.legs[0] -= missing

    def moved(self) -> Ints:
        """Return the numbers of the accounts that a leg moved, in their order."""
        return np.flatnonzero(self.legs)


class Copied:
    """Take rows of so many legs, each an account (int4) and an amount (int8), as they are copied out."""

    def __init__(self, sums: Sums, legs: int, *, block: int = BLOCK) -> None:
        self._sums = sums
        fields: list[tuple[str, str]] = [("fields", ">i2")]
        for n in range(legs):
            fields += [(f"#a{n}", ">i4"), (f"a{n}", ">i4"), (f"#v{n}", ">i4"), (f"v{n}", ">i8")]
        self._row = np.dtype(fields)
        self._legs = range(legs)
        self._block = block
        self._waiting: list[bytes] = []
        self._length = 0
        self._skip = HEADER_LENGTH

    async def write(self, part: bytes) -> None:
        """Take the next bytes."""
        self._waiting.append(part)
        self._length += len(part)
        if self._length >= self._block:
            self._add_up()

    def end(self) -> None:
        """Add up what is left, when all bytes were taken.

        :raises ValueError: if the bytes are no such rows, from their header to their end.
        """
        self._add_up()
        if self._waiting != [ENDING]:
            raise ValueError("what was copied has no end")

    def _add_up(self) -> None:
        block = b"".join(self._waiting)
        count = max(len(block) - self._skip, 0) // self._row.itemsize
        if count:
            rows = np.frombuffer(block, self._row, count, self._skip)
            if (rows["fields"] != 2 * len(self._legs)).any():
                raise ValueError("a row has other fields")
            for n in self._legs:
                self._sums.add(rows[f"a{n}"].astype(np.int64), rows[f"v{n}"].astype(np.int64))
        if len(block) >= self._skip:
            block = block[self._skip + count * self._row.itemsize :]
            self._skip = 0
        self._waiting, self._length = [block], len(block)
