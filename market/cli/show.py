"""``market show CASE``: one application as its operator has to see it (卷宗概要)."""

from __future__ import annotations

import pathlib
from typing import Any

import rich_click as click

from market.cli import service


@click.command(
    help="查看申请 · Show one application, by its number (受理编号) or id: where it stands, what was "
    "handed in, what was found and decided, and what is due.\n\n" + service.EXIT_CODES
)
@click.argument("case")
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def show(
    case: str, *, url: str, token: str | None, token_file: pathlib.Path | None, as_json: bool
) -> None:
    """Print the case and its clocks."""
    asked = service.connected(url, token_file, token)
    application_id = asked.application_id(case)
    file = asked.get(f"/api/v1/applications/{application_id}")
    clocks = asked.get("/api/v1/timers", subject_id=application_id, limit=200)["items"]
    if as_json:
        service.print_json({"file": file, "timers": clocks})
        return
    _print(file, clocks)


def _print(file: dict[str, Any], clocks: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    application = file["application"]
    number = application["application_number"] or application["id"]
    console.print(Text(f"{number}  {application['state']}", style="bold"))
    facts = (
        ("规则 rulebook", application["rulebook"]),
        ("产品 product", application["product_id"]),
        ("申请人 applicant", application["applicant_party_id"]),
        ("提交 submitted", application["submitted_at"] or "—"),
        ("受理 accepted", application["accepted_at"] or "—"),
        ("未结异议 open objections", str(application["open_objections"])),
    )
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, value in facts:
        grid.add_row(name, value)
    console.print(grid)
    _print_clocks(console, clocks)
    _print_materials(console, file["materials"])
    for title, name, value in (
        ("受理意见 acceptance", "acceptance_opinions", "result"),
        ("技术审查 technical", "technical_opinions", "overall"),
        ("合规审查 compliance", "compliance_opinions", "overall"),
        ("审查决定 decisions", "review_decisions", "result"),
    ):
        for opinion in file[name]:
            at = opinion.get("decided_at") or opinion.get("recorded_at")
            console.print(Text(f"{title}: {opinion[value]}  {at}"))


def _print_clocks(console: Any, clocks: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(title="期限 clocks", title_justify="left")
    for heading in (
        "事项 kind",
        "义务人 against",
        "起算 from",
        "届满 due",
        "状态 state",
        "依据 by",
    ):
        table.add_column(heading, overflow="fold")
    for each in clocks:
        timer = each["timer"]
        due = timer["due_on"] + (" 暂定" if timer["provisional"] else "")
        table.add_row(
            timer["kind"],
            timer["against"],
            timer["started_on"],
            due,
            timer["state"],
            timer["period"]["source"],
        )
    console.print(table)


def _print_materials(console: Any, materials: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(title="材料 materials", title_justify="left")
    for heading in ("种类 kind", "版本 version", "SHA-256 / 不适用理由 why not"):
        table.add_column(heading, overflow="fold")
    for material in materials:
        table.add_row(
            material["kind"],
            str(material["version"]),
            material["sha256"] or material["not_applicable_reason"] or "",
        )
    console.print(table)
