"""Make the bundle that ``market/proof_bundles/FORMAT.md`` refers to, always with the same members.

``python -m tests.vectors.regenerate_proof_bundle`` writes it; a test compares. Its keys are those of
``tests.log_of_tests``: the seed of each is the SHA-256 of its purpose and name.
"""

from __future__ import annotations

import pathlib

from tests.order_in_memory import OrderInMemory

PATH = pathlib.Path(__file__).with_name("proof_bundle.zip")


def order() -> OrderInMemory:
    """Return the example's order: seven uses, one of them denied, one repeated; paid out."""
    return OrderInMemory(uses=7, later=1)


if __name__ == "__main__":
    PATH.write_bytes(order().bundle())
