"""What the README promises is there."""

from __future__ import annotations

import pathlib
import re
import tomllib

import pytest

README = pathlib.Path("README.md").read_text("utf-8")


def test_the_first_block_holds_exactly_the_two_commands() -> None:
    block = re.search(r"```\w*\n(.*?)```", README, re.DOTALL)

    assert block is not None
    assert block.group(1).split("\n") == ["make up", "make test", ""]


def test_every_place_of_the_ten_second_table_exists() -> None:
    table = README.split("## 十秒", 1)[1].split("\n## ", 1)[0]
    places = [
        place
        for row in table.splitlines()
        if row.startswith("|")
        for place in re.findall(r"`([\w./{}-]+)`", row.rpartition("|")[0].rpartition("|")[2] or row)
    ]

    assert len(places) >= 16
    assert [place for place in places if not pathlib.Path(place).exists()] == []


@pytest.mark.parametrize("package", ["catalog", "settlement", "market"])
def test_the_map_of_the_house_names_each_room_in_the_order_of_the_imports(package: str) -> None:
    tables = tomllib.loads(pathlib.Path("pyproject.toml").read_text("utf-8"))["tool"]
    (layers,) = [
        each["layers"]
        for each in tables["importlinter"]["contracts"]
        if each.get("containers") == [package]
    ]
    rooms = (
        layers[layers.index("manifests") : layers.index("settings")]
        if package == "market"
        else layers
    )
    house = README.split("## The house", 1)[1].split("```")[1]
    drawn = re.search(rf"^{package} .*\n(?:^ .*\n)*", house, re.MULTILINE)

    assert drawn is not None
    lines = drawn[0].splitlines()[1:] if package == "market" else drawn[0].splitlines()
    text = " → ".join(line[26:].strip().removeprefix("→ ") for line in lines)
    assert text.split(" → ") == rooms


def test_every_package_tells_its_decisions() -> None:
    for package in ("catalog", "settlement", "market"):
        text = (pathlib.Path(package) / "README.md").read_text("utf-8")
        assert "## Decisions" in text
