"""A contract has the dictionary, the checks, the service level and the filed price; a product its plans.

A complaint of others that these tests answer: datacontract-specification #3 (one number for all that a
product costs).
"""

from __future__ import annotations

import datetime as dt

from catalog.formats import odcs, odps, odps_bitol
from catalog.formats.facts import Use
from catalog.products.model import (
    CatalogueAttributes,
    Form,
    Item,
    ItemType,
    MeteringUnit,
    UpdateCycle,
)
from tests.makers_facts import SITE, make_facts, make_foreign, make_open, make_price
from tests.makers_products import make_description


def test_the_dictionary_is_the_schema_of_the_contract() -> None:
    (schema,) = odcs.contract(make_facts(), SITE)["schema"]
    hour, wind, pilot = schema["properties"]

    assert (hour["logicalType"], hour["required"], hour["businessName"]) == (
        "timestamp",
        True,
        "小时",
    )
    assert hour["quality"][0] == {
        "type": "library",
        "metric": "nullValues",
        "mustBe": 0,
        "dimension": "completeness",
    }
    assert wind["customProperties"] == [{"property": "unit", "value": "m/s"}]
    assert pilot["logicalTypeOptions"] == {"maxLength": 20}
    assert (wind["classification"], pilot["classification"]) == ("public", "restricted")


def test_the_price_is_the_lowest_in_force_and_the_cycle_a_service_level() -> None:
    told = odcs.contract(make_facts(), SITE)

    assert told["price"] == {
        "priceAmount": 123.45,
        "priceCurrency": "CNY",
        "priceUnit": "api_call",
    }
    assert told["slaProperties"] == [
        {"property": "frequency", "value": 1, "unit": "h"},
        {"property": "generalAvailability", "value": "2026-01-01"},
        {"property": "endOfLife", "value": "2028-12-31"},
    ]
    assert {each["property"] for each in told["customProperties"]} >= {
        "certificateNumber",
        "priceFiling",
    }


def test_a_contract_of_little_says_little() -> None:
    description = make_description(
        description="",
        value_statement="",
        keywords=(),
        form=Form.DATA_API,
        update_cycle=UpdateCycle.IRREGULAR,
        catalogue=CatalogueAttributes(quality_standard="无缺测"),
        items=(Item(name="a", type=ItemType.TEXT),),
    )
    told = odcs.contract(make_facts(description, prices=(), supplier_name=""), SITE)
    foreign = odcs.contract(make_foreign(), SITE)

    assert told["servers"][0]["type"] == "api"
    assert "price" not in told
    assert "purpose" not in told["description"]
    assert "slaProperties" not in told
    assert "tags" not in told
    assert "team" not in told
    assert told["schema"][0]["quality"] == [{"type": "text", "description": "无缺测"}]
    assert told["schema"][0]["properties"][0].keys() == {
        "name",
        "logicalType",
        "required",
        "classification",
    }
    assert "schema" not in foreign
    assert "usage" not in foreign["description"]


def test_the_ports_of_a_product_lead_to_its_contract_and_its_sources() -> None:
    facts = make_facts()
    told, bare = (
        odps_bitol.product(facts, SITE),
        odps_bitol.product(
            make_foreign(description="", publisher="", keywords=(), format="x"), SITE
        ),
    )

    assert told["outputPorts"][0]["contractId"] == str(facts.id)
    assert told["inputPorts"] == [
        {"name": "引航记录", "version": "1", "contractId": str(facts.origins[1].product_id)}
    ]
    assert bare["outputPorts"][0]["type"] == "dataset"
    for name in ("inputPorts", "tags", "team"):
        assert name not in bare
    assert "purpose" not in bare["description"]


def test_each_filed_price_is_a_plan() -> None:
    prices = (
        make_price(amount_fen=0),
        make_price(charge="one_off", quantity_max=3, note="买断"),
        make_price(charge="period", unit=MeteringUnit.MONTH, effective_to=dt.date(2026, 12, 31)),
        make_price(unit=MeteringUnit.GIGABYTE),
        make_price(),
    )
    plans = odps.product(make_facts(prices=prices), SITE)["product"]["pricingPlans"]["declarative"][
        "zh"
    ]

    assert [each["unit"] for each in plans] == [
        "Open-data",
        "One-time-payment",
        "Recurring",
        "Data-volume",
        "Pay-per-use",
    ]
    assert plans[1]["maxTransactionQuantity"] == 3
    assert plans[1]["name"] == "买断"
    assert (plans[2]["billingDuration"], plans[2]["validTo"]) == (
        "month",
        "2026-12-31T23:59:59+08:00",
    )
    assert plans[4]["price"] == "123.45"


def test_the_licence_says_how_far_use_goes() -> None:
    free = make_facts(use=Use(onward_use=True), content=None)
    told = odps.product(free, SITE)["product"]
    bare = odps.product(make_foreign(theme=""), SITE)["product"]
    slow = odps.product(make_facts(make_description(update_cycle=UpdateCycle.STATIC)), SITE)
    api = make_facts(make_description(form=Form.DATA_API, update_cycle=UpdateCycle.DAILY))

    assert told["license"]["scope"]["rights"] == ["Display", "Distribution", "Transferring"]
    assert "geographicalArea" not in told["license"]["scope"]
    assert "checksum" not in told["dataAccess"]["default"]
    assert "pricingPlans" not in bare
    assert "categories" not in bare["details"]["zh"]
    assert odps.product(make_foreign(), SITE)["product"]["details"]["zh"]["categories"] == ["交通"]
    assert "SLA" not in slow["product"]
    assert "categories" not in slow["product"]["details"]["zh"]
    told = odps.product(api, SITE)["product"]
    assert told["dataAccess"]["default"]["outputPortType"] == "API"
    assert told["SLA"]["declarative"]["default"]["dimensions"] == [
        {"dimension": "updateFrequency", "objective": 1, "unit": "days"}
    ]
    hourly = odps.product(make_facts(), SITE)["product"]["SLA"]["declarative"]["default"]
    assert hourly["dimensions"][0]["unit"] == "minutes"
    silent = odps.product(make_foreign(format="x"), SITE)["product"]
    assert silent["details"]["zh"]["type"] == "dataset"


def test_open_licences_standards_and_quality_are_told_where_the_standards_have_room() -> None:
    told, opened = odcs.contract(make_facts(), SITE), odcs.contract(make_open(), SITE)
    custom = {each["property"]: each["value"] for each in told["customProperties"]}

    assert custom["conformsTo"] == ["GB/T 36344-2018", "QX/T 118"]
    assert (custom["qualityOverall"], custom["qualityAccuracy"]) == (87, 99)
    assert "license" not in custom
    assert {"type": "standard", "url": "https://std.example/GB T 36344"} in told[
        "authoritativeDefinitions"
    ]
    assert {"type": "license", "url": "https://market.example/open-data#licence"} in opened[
        "authoritativeDefinitions"
    ]
    assert "开放数据" in opened["description"]["limitations"]
    assert (
        "Transferring" in odps.product(make_open(), SITE)["product"]["license"]["scope"]["rights"]
    )
    bare = odcs.contract(make_facts(make_description(), quality=None), SITE)
    names = {each["property"] for each in bare["customProperties"]}
    assert not names & {"conformsTo", "qualityOverall"}
