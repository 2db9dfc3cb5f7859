"""``market show CASE``: one application as its operator has to see it (卷宗概要)."""

from __future__ import annotations

import pathlib
from typing import Any, Final

import rich_click as click

from market.cli import service, words
from market.portal.wording import Speaker

_OPINIONS: Final = (
    ("acceptance", "acceptance_opinions", "acceptance", "result"),
    ("technical_opinion", "technical_opinions", "overall", "overall"),
    ("compliance_opinion", "compliance_opinions", "overall", "overall"),
    ("decision", "review_decisions", "review_result", "result"),
)


@click.command(
    help="查看申请 · Show one application, by its number (受理编号) or id: where it stands, what was "
    "handed in, what was found and decided, and what is due.\n\n"
    "例 · Example: `market show SQ-2026-000001`\n\n" + service.EXIT_CODES
)
@click.argument("case")
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def show(
    case: str,
    *,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Print the case and its clocks."""
    asked = service.connected(url, token_file, token)
    application_id = asked.application_id(case)
    file = asked.get(f"/api/v1/applications/{application_id}")
    clocks = asked.get("/api/v1/timers", subject_id=application_id, limit=200)["items"]
    if as_json:
        service.print_json({"file": file, "timers": clocks})
        return
    product_id = file["application"]["product_id"]
    name = asked.get(f"/api/v1/products/{product_id}")["name"]
    _print(Speaker(lang), file, clocks, name)


def _print(
    t: Speaker, file: dict[str, Any], clocks: list[dict[str, Any]], product_name: str
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    application = file["application"]
    number = application["application_number"] or application["id"]
    state = t.label("application", application["state"])
    console.print(Text(f"{number}  {state}", style="bold"))
    facts = (
        (t("case.product"), product_name),
        (t("case.rulebook"), t.label("rulebook", application["rulebook"])),
        (t("case.submitted"), words.at(t, application["submitted_at"])),
        (t("case.accepted"), words.at(t, application["accepted_at"])),
        (t("case.open_objections"), str(application["open_objections"])),
        (t("case.now"), t(f"case.next.{application['state']}")),
    )
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, value in facts:
        grid.add_row(name, Text(value))
    console.print(grid)
    _print_clocks(console, t, clocks)
    _print_materials(console, t, file["materials"])
    for step, name, group, value in _OPINIONS:
        for opinion in file[name]:
            at = words.at(t, opinion.get("decided_at") or opinion.get("recorded_at"))
            colon = t("case.colon")
            console.print(
                Text(f"{t.label('step', step)}{colon}{t.label(group, opinion[value])}  {at}")
            )


def _print_clocks(console: Any, t: Speaker, clocks: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not clocks:
        console.print(Text(t("clock.none")))
        return
    table = Table(title=t("clock.heading"), title_justify="left", box=box.SIMPLE, pad_edge=False)
    for key in ("work.due", "work.urgency", "work.what", "work.who", "work.by"):
        table.add_column(t(key), overflow="fold")
    for each in clocks:
        timer = each["timer"]
        is_paused = timer["state"] == "paused"
        table.add_row(
            Text(t("clock.stands_still") if is_paused else words.due(t, timer)),
            Text(t.label("urgency", each["urgency"])),
            t.label("clock", timer["kind"]),
            t.label("role", timer["against"]),
            Text(timer["period"]["source"]),
        )
    console.print(table)


def _print_materials(console: Any, t: Speaker, materials: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not materials:
        console.print(Text(t("case.no_materials")))
        return
    table = Table(title=t("case.materials"), title_justify="left", box=box.SIMPLE, pad_edge=False)
    table.add_column(t("case.material"))
    table.add_column(t("case.version_head"), no_wrap=True)
    table.add_column("SHA-256", overflow="fold")
    for material in materials:
        why_not = material["not_applicable_reason"]
        table.add_row(
            t.label("material", material["kind"]),
            t("case.version", n=material["version"]),
            Text(material["sha256"] or t("case.not_applicable", reason=why_not or "—")),
        )
    console.print(table)
