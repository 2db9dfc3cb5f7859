"""Start the command line: ``market COMMAND``. Each command's code is loaded when it is asked for."""

from __future__ import annotations

import importlib
from typing import Any

import rich_click as click

COMMANDS = {
    "demo": "market.cli.demo:demo",
    "serve": "market.cli.serve:serve",
    "migrate": "market.cli.migrate:migrate",
    "import": "market.cli.import_:import_",
    "harvest": "market.cli.harvest:harvest",
    "products": "market.cli.products:products",
    "demands": "market.cli.demands:demands",
    "profile": "market.cli.profile:profile",
    "search": "market.cli.search:search",
    "export": "market.cli.export:export",
    "verify": "market.cli.verify:verify",
    "check": "market.cli.check:check",
    "recheck": "market.cli.recheck:recheck",
    "queue": "market.cli.queue:queue",
    "take": "market.cli.take:take",
    "show": "market.cli.show:show",
    "decide": "market.cli.decide:decide",
    "webhooks": "market.cli.webhooks:webhooks",
    "consents": "market.cli.consents:consents",
    "cut-offs": "market.cli.cut_offs:cut_offs",
    "complaints": "market.cli.complaints:complaints",
    "affiliations": "market.cli.affiliations:affiliations",
    "credit": "market.cli.credit:credit",
    "ledger": "market.cli.ledger:ledger",
    "statements": "market.cli.statements:statements",
    "charges": "market.cli.charges:charges",
    "payouts": "market.cli.payouts:payouts",
    "refunds": "market.cli.refunds:refunds",
    "chargebacks": "market.cli.chargebacks:chargebacks",
    "write-offs": "market.cli.write_offs:write_offs",
    "adjustments": "market.cli.adjustments:adjustments",
    "fee-schedules": "market.cli.fee_schedules:fee_schedules",
    "revenue-agreements": "market.cli.revenue_agreements:revenue_agreements",
    "invoices": "market.cli.invoices:invoices",
    "reconcile": "market.cli.reconcile:reconcile",
    "negotiations": "market.cli.negotiations:negotiations",
    "auctions": "market.cli.auctions:auctions",
    "periods": "market.cli.periods:periods",
    "statistics": "market.cli.trade_statistics:statistics",
    "yearly-reports": "market.cli.public_data_reports:yearly_reports",
    "load-calendar": "market.cli.load_calendar:load_calendar",
    "keys": "market.cli.keys:keys",
    "log": "market.cli.log:log",
    "witness": "market.cli.witness:witness",
    "monitor": "market.cli.monitor:monitor",
}


class _Lazy(click.RichGroup):
    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - likewise
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        return getattr(importlib.import_module(module), name)


@click.command(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="数市 Shushi — 数据产品超市 · the open data-product supermarket.",
)
@click.version_option(package_name="shushi")
def main() -> None:
    """Run one command."""


if __name__ == "__main__":
    main()
