"""``market decide CASE STEP``: take one step of a registration, as the policy lets one."""

from __future__ import annotations

import pathlib
from typing import Any, Final

import msgspec
import rich_click as click

from market.cli import service
from market.cli.settings_of import CouldNotBeDone
from market.portal.wording import Speaker


class Step(msgspec.Struct, frozen=True):
    """One step: which commands of the interface it is, and what it says by itself."""

    path: str
    says: dict[str, Any]
    chinese: str


STEPS: Final = {
    "accept": Step("acceptance-opinions", {"result": "accepted"}, "受理"),
    "require-correction": Step(
        "acceptance-opinions", {"result": "correction_required"}, "一次性告知补正"
    ),
    "decline": Step("acceptance-opinions", {"result": "not_accepted_out_of_scope"}, "不予受理"),
    "notify": Step("decision-notifications", {}, "告知申请人"),
    "start-review": Step("reviews", {}, "进入审查"),
    "technical-opinion": Step("technical-opinions", {}, "技术审查意见"),
    "pass": Step("review-decisions", {"result": "pass"}, "审查通过"),
    "refuse": Step("review-decisions", {"result": "refuse"}, "不予办理登记"),
    "fail-technical": Step("review-decisions", {"result": "fail_technical"}, "技术审查未通过"),
    "return-technical-points": Step(
        "review-decisions", {"result": "return_technical_points"}, "退回技术问题"
    ),
    "publish-notice": Step("notices", {}, "发布公示"),
    "issue": Step("certificates", {}, "发证"),
}
_LIST: Final = "\n\n".join(f"- `{name}`: {step.chinese}" for name, step in STEPS.items())


@click.command(
    help="办理申请 · Take one step of an application, by its number (受理编号) or id.\n\n"
    f"{_LIST}\n\nWhat else a step needs stands in a JSON file (--body, - for standard input), in the "
    f"words of the interface (/docs).\n\n例 · Example: `market decide SQ-2026-000001 accept`, or "
    f"`market decide SQ-2026-000001 refuse --body reasons.json`\n\n{service.EXIT_CODES}"
)
@click.argument("case")
@click.argument("step", type=click.Choice(list(STEPS)))
@click.option(
    "--body", "body_file", type=click.File("rb"), help="其余内容（JSON）· what else it says"
)
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def decide(
    case: str,
    step: str,
    *,
    body_file: Any,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Give the command and print what came of it."""
    asked = service.connected(url, token_file, token)
    chosen = STEPS[step]
    said = chosen.says | _read(body_file)
    application_id = asked.application_id(case)
    came = asked.post(f"/api/v1/applications/{application_id}/{chosen.path}", said or None)
    if as_json:
        service.print_json(came)
        return
    now = asked.get(f"/api/v1/applications/{application_id}")["application"]
    number = now["application_number"] or application_id
    taken = chosen.chinese if lang == "zh" else step
    click.echo(f"{number}  {taken} → {Speaker(lang).label('application', now['state'])}")


def _read(body_file: Any) -> dict[str, Any]:
    if body_file is None:
        return {}
    try:
        return msgspec.json.decode(body_file.read(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise CouldNotBeDone(f"不是 JSON 对象 · Not a JSON object: {error}") from error
