"""Ask the rules that need no service what is wrong with the products of a manifest (离线校验)."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.kernel.errors import DomainError
from catalog.products.faults import Known, faults
from catalog.products.references import check_reference
from market.manifests.model import Problem, Read


def lint(products: Sequence[Read], known: Known) -> list[Problem]:
    """Return every problem of the products, file by file in the order of the lines.

    A re-classification that is written down counts as recorded: whether it was, the service says.
    """
    problems = [
        each.problem(refusal, pointer)
        for each in products
        for refusal in _refusals(each, known)
        for pointer in _pointers(refusal)
    ]
    order = {each.file: place for place, each in enumerate(products)}
    return sorted(problems, key=lambda problem: (order[problem.file], problem.line))


def _refusals(read: Read, known: Known) -> list[DomainError]:
    found: list[DomainError] = []
    try:
        check_reference(read.entry.key)
    except DomainError as refusal:
        found.append(refusal)
    said = read.description
    return found + faults(
        said, known=known, is_draft=read.entry.draft, recorded=said.classification
    )


def _pointers(refusal: DomainError) -> list[str]:
    places = [error.pointer.replace("/reference", "/key") for error in refusal.errors]
    return places or [""]
