"""``market products``: data products kept as files, checked here and applied to a running service."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import rich_click as click

from market.cli import product_batches, service
from market.cli.settings_of import CouldNotBeDone

if TYPE_CHECKING:
    from market.manifests.model import Problem, Read
    from market.manifests.planning import Standing, Step

_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
_SHOWN: Final = 60  # characters of a value in a difference
_WORDS: Final = {
    "create": "新增 · create",
    "revise": "修订 · revise",
    "nothing": "无变更 · unchanged",
    "withdraw": "撤回 · withdraw",
    "leave": "不在清单中，未动 · not in the files, left",
}
_SIGNS: Final = {"create": "+", "revise": "~", "nothing": "=", "withdraw": "-", "leave": "?"}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one product of a manifest."""

    key: str
    action: str
    name: str
    is_done: bool
    product_id: str | None = None
    code: str | None = None  # of the refusal
    wording: dict[str, str] = {}
    errors: tuple[Any, ...] = ()


_files = click.option(
    "-f",
    "--file",
    "paths",
    multiple=True,
    required=True,
    type=click.Path(exists=True, path_type=pathlib.Path),
    help="清单文件或目录（YAML、JSON），可重复 · a manifest or a folder of them",
)


@click.group(
    help="数据产品清单 · Data products as files: check them, compare them, apply them.\n\n"
    "例 · Example: `market products apply -f products.yaml --dry-run`\n\n"
    "Exit code 0: nothing is wrong; 1: something is, or differs; 2: could not be done."
)
def products() -> None:
    """Hold the commands of manifests."""


@products.command(
    help="离线校验 · Check manifests by the rules that need no service, line by line.\n\n"
    "Exit code 0: nothing is wrong; 1: something is; 2: the files can not be read."
)
@_files
@click.option(
    "--completeness",
    "is_scored",
    is_flag=True,
    help="完整度 · also say of a hundred points how complete each description is, and what is missing",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
def lint(paths: Sequence[pathlib.Path], is_scored: bool, as_json: bool) -> None:
    """Print every problem with its file and line."""
    from catalog.products.completeness import completeness

    read, problems = _read(paths)
    scored = {each.entry.key: completeness(each.description) for each in read if is_scored}
    if as_json:
        told = {"completeness": msgspec.to_builtins(scored)} if is_scored else {}
        service.print_json(
            {"products": len(read), "problems": msgspec.to_builtins(problems), **told}
        )
    else:
        _print_problems(problems)
        for key, found in scored.items():
            click.echo(f"{key}: {found.points}/100")
            for gap in found.gaps:
                click.echo(f"  -{gap.points} {gap.label.zh} {gap.field}: {gap.why.zh} {gap.why.en}")
        click.echo(f"{len(read)} 个产品 products · {len(problems)} 个问题 problems", err=True)
    sys.exit(1 if problems else 0)


@products.command(
    help="比较 · Say in what the service differs from the manifests; nothing is changed.\n\n"
    "The token is one of yours (POST /api/v1/tokens): MARKET_TOKEN, or a file with --token-file.\n\n"
    "Exit code 0: nothing to change; 1: something would be changed, or is wrong; 2: could not be asked."
)
@_files
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def diff(
    *,
    paths: Sequence[pathlib.Path],
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Print the plan."""
    _apply(paths, service.connected(url, token_file, token), lang, as_json=as_json, is_dry_run=True)


@products.command(
    help="应用 · Create and revise what differs; what is equal is left, so a second time changes "
    "nothing. A product that is refused holds up no other one.\n\n"
    "The token is one of yours (POST /api/v1/tokens): MARKET_TOKEN, or a file with --token-file.\n\n"
    "Exit code 0: the service says what the manifests say; 1: some products were refused, and why; "
    "2: could not be asked. With --dry-run as `market products diff`."
)
@_files
@click.option("--dry-run", "is_dry_run", is_flag=True, help="只比较 · only say what would be done")
@click.option(
    "--prune",
    "reason",
    metavar="REASON",
    help="撤回清单之外的产品及其理由 · withdraw what is called by a key and in no file, and say why",
)
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def apply(
    *,
    paths: Sequence[pathlib.Path],
    is_dry_run: bool,
    reason: str | None,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Do what the plan says and print what became of each product."""
    _apply(
        paths,
        service.connected(url, token_file, token),
        lang,
        as_json=as_json,
        is_dry_run=is_dry_run,
        reason=reason,
    )


@products.command(
    help="导出 · Write one's own products as a manifest that `apply` reads.\n\n"
    + service.EXIT_CODES
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=pathlib.Path), help="文件 · the file"
)
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def export(
    *,
    out: pathlib.Path | None,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,  # noqa: ARG001 - nothing is said that has a language
    as_json: bool,
) -> None:
    """Print the manifest, or write it."""
    from market.manifests import writing

    made = writing.manifest(_standing(service.connected(url, token_file, token)))
    text = msgspec.json.format(msgspec.json.encode(made)).decode() if as_json else None
    text = text or writing.as_yaml(made)
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise CouldNotBeDone(f"无法写入 · can not write {out}: {error}") from error
    click.echo(f"{len(made['products'])} 个产品 products → {out}", err=True)


@products.command(help="清单的 JSON Schema · Print the JSON Schema of manifests, for editors.")
def schema() -> None:
    """Print the schema."""
    from market.manifests import writing

    service.print_json(writing.schema())


products.add_command(product_batches.upload)
products.add_command(product_batches.batch)
products.add_command(product_batches.template)


def _apply(
    paths: Sequence[pathlib.Path],
    asked: service.Service,
    lang: str,
    *,
    as_json: bool,
    is_dry_run: bool,
    reason: str | None = None,
) -> None:
    from market.manifests.planning import Action, plan

    read, problems = _read(paths)
    wrong = {problem.key for problem in problems}
    steps = plan(read, _standing(asked), prune=reason is not None)
    if any(problem.key is None for problem in problems):
        # Whose file it is can not be told, so neither can what is in no file.
        steps = [step for step in steps if step.action is not Action.WITHDRAW]
    due = [step for step in steps if step.key not in wrong]
    outcomes = []
    for step in due:
        if not as_json:
            _print_step(step, lang)
        done = _planned(step) if is_dry_run else _done(asked, step, reason)
        if not as_json and done.code is not None:
            click.echo(f"    ✗ {' · '.join(done.wording.values())} [{done.code}]")
            for error in done.errors:
                click.echo(f"      {error.pointer}: {error.code}")
        outcomes.append(done)
    changes = [each for each in outcomes if each.action not in (Action.NOTHING, Action.LEAVE)]
    refused = [each for each in outcomes if each.code is not None]
    if as_json:
        service.print_json(
            {
                "products": msgspec.to_builtins(outcomes),
                "problems": msgspec.to_builtins(problems),
                "is_dry_run": is_dry_run,
            }
        )
    else:
        _print_problems(problems)
        _print_summary(len(changes), len(refused), len(problems), is_dry_run=is_dry_run)
    sys.exit(1 if problems or refused or (is_dry_run and changes) else 0)


def _planned(step: Step) -> Outcome:
    product_id = None if step.standing is None else str(step.standing.id)
    return Outcome(
        key=step.key,
        action=step.action.value,
        name=step.name,
        is_done=False,
        product_id=product_id,
    )


def _done(asked: service.Service, step: Step, reason: str | None) -> Outcome:
    from market.manifests.planning import Action

    planned = _planned(step)
    if step.action in (Action.NOTHING, Action.LEAVE):
        return planned
    try:
        answer = _command(asked, step, reason)
    except service.Refused as refused:
        problem = refused.problem
        return msgspec.structs.replace(
            planned,
            code="unknown" if problem is None else problem.code,
            wording={"en": refused.message} if problem is None else problem.wording,
            errors=() if problem is None else problem.errors,
        )
    return msgspec.structs.replace(planned, is_done=True, product_id=answer["id"])


def _command(asked: service.Service, step: Step, reason: str | None) -> Any:
    if step.read is None:
        assert step.standing is not None, "what is withdrawn stands there"
        path = f"/api/v1/products/{step.standing.id}/withdrawals"
        return asked.post(path, {"reason": reason})
    body = msgspec.to_builtins(step.read.description)
    draft = "true" if step.read.entry.draft else None
    if step.standing is None:
        return asked.post("/api/v1/products", body, draft=draft, reference=step.key)
    path = f"/api/v1/products/{step.standing.id}"
    return asked.put(path, body, version=step.standing.version, draft=draft)


def _read(paths: Sequence[pathlib.Path]) -> tuple[list[Read], list[Problem]]:
    from catalog.products.faults import as_known
    from market.manifests.linting import lint as lint_all
    from market.manifests.reading import read_all
    from seeds.code_trees import read_tables

    try:
        files = [(str(path), path.read_bytes()) for path in _found(paths)]
    except OSError as error:
        raise CouldNotBeDone(f"无法读取 · can not read {error.filename}: {error}") from error
    if not files:
        raise CouldNotBeDone("没有清单文件 · There are no manifests (.yaml, .yml, .json).")
    read, problems = read_all(files)
    return read, problems + lint_all(read, as_known(read_tables()))


def _found(paths: Sequence[pathlib.Path]) -> list[pathlib.Path]:
    found: dict[pathlib.Path, None] = {}
    for path in paths:
        inside = sorted(each for each in path.rglob("*") if each.suffix.lower() in _SUFFIXES)
        found |= dict.fromkeys(inside if path.is_dir() else [path])
    return list(found)


def _standing(asked: service.Service) -> list[Standing]:
    from market.manifests.planning import Standing

    return msgspec.convert(asked.get_all("/api/v1/my/products"), list[Standing])


def _print_problems(problems: Sequence[Problem]) -> None:
    from market.http.wording import words

    for problem in problems:
        wording = words(problem.code, problem.facts)
        where = f"{problem.file}:{problem.line}"
        what = " ".join(part for part in (problem.key, problem.pointer) if part)
        click.echo(f"{where}: {what}: {wording.zh} · {wording.en} [{problem.code}]")


def _print_step(step: Step, lang: str) -> None:
    sign = _SIGNS[step.action.value]
    color = {"+": "green", "~": "yellow", "-": "red"}.get(sign)
    line = f"{sign} {step.key}  {step.name}  {_WORDS[step.action.value]}"
    click.echo(click.style(line, fg=color) if color else line)
    if step.action.value != "revise":
        return
    label: Callable[[Any], str] = (
        (lambda change: change.label.zh) if lang == "zh" else (lambda change: change.label.en)
    )
    for change in step.changes:
        click.echo(f"    {label(change)} {change.pointer}")
        click.echo(f"      - {_short(change.before)}")
        click.echo(f"      + {_short(change.after)}")
    if step.completes:
        click.echo("    草稿 → 完整著录 · draft → described")


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = text.replace("\n", "⏎")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _print_summary(changes: int, refused: int, problems: int, *, is_dry_run: bool) -> None:
    if not changes and not problems:
        click.echo("无变更 · nothing to change", err=True)
    elif is_dry_run:
        click.echo(f"将变更 would change {changes} · 有误 wrong {problems}", err=True)
    else:
        done = changes - refused
        click.echo(
            f"已变更 changed {done} · 拒绝 refused {refused} · 有误 wrong {problems}", err=True
        )
