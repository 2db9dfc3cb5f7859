"""``market demands``: the board, posting from a file, what fits."""

from __future__ import annotations

import json
import pathlib

from tests.journeys.conftest import Run
from tests.makers_demands import asked, match, published, step
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

trade = staged(make_trade)


async def test_a_demand_is_posted_from_a_file_listed_and_matched(
    trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "demand.yaml"
    # JSON is YAML.
    file.write_text(json.dumps(asked(trade), ensure_ascii=False), "utf-8")

    made = await run(trade.buyer, "demands", "post", "-f", file, "--submit")
    post = made.stdout.split()[0]
    must(await step(trade, post, "publications", trade.acceptor))
    await match(trade)
    listed = await run(trade.buyer, "demands", "list", "--form", "data_indicator")
    mine = await run(trade.buyer, "demands", "list", "--mine", "--json")
    found = await run(trade.buyer, "demands", "matches", post)

    assert made.returncode == 0, made.stderr
    assert "待审核" in made.stdout
    assert post in listed.stdout
    assert json.loads(mine.stdout)[0]["asked"]["budget_fen"] == 100_000
    assert "100%" in found.stdout
    assert "+ 产品形式相符" in found.stdout


async def test_what_is_refused_or_can_not_be_read_is_told(
    trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    wrong, broken = tmp_path / "wrong.json", tmp_path / "broken.yaml"
    wrong.write_text(json.dumps(asked(trade, region_code="99")), "utf-8")
    broken.write_text("title: [", "utf-8")
    post = await published(trade)

    refused = await run(trade.buyer, "demands", "post", "-f", wrong)
    unreadable = await run(trade.buyer, "demands", "post", "-f", broken)
    foreign = await run(trade.stranger, "demands", "matches", post)

    assert (refused.returncode, "demand_post_code_unknown" in refused.stderr) == (1, True)
    assert (unreadable.returncode, "broken" in unreadable.stderr) == (2, True)
    assert foreign.returncode == 1
