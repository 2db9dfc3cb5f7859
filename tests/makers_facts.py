"""Make the public facts of products for tests of formats: one of each kind, and any that can be."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import pathlib
import uuid
from typing import Any

import pytest
from hypothesis import strategies as st

from catalog.formats import authorities
from catalog.formats.facts import (
    Earlier,
    Facts,
    OpenLicence,
    Origin,
    Price,
    Quality,
    Site,
    Use,
)
from catalog.formats.iris import is_worldwide, web_address
from catalog.kernel.ids import new_id
from catalog.products import imports
from catalog.products.metadata import is_readable
from catalog.products.model import (
    Content,
    Description,
    Form,
    Imported,
    Item,
    ItemType,
    MeteringUnit,
    Sensitivity,
    Standard,
    UpdateCycle,
)
from catalog.products.publication import public_description
from tests.makers_products import NOW, make_description

SITE = Site("https://market.example")
# Real records, beside the project where somebody put them there.
_RECORDS = pathlib.Path("../shared/data/catalog_open.jsonl.gz")


def make_facts(description: Description | None = None, **changes: Any) -> Facts:
    """Return a certified, priced, listed product with everything that can be said."""
    told = description or make_description(
        industry_section="G",
        region_code="46",
        update_cycle=UpdateCycle.HOURLY,
        valid_from=dt.date(2026, 1, 1),
        valid_to=dt.date(2028, 12, 31),
        items=(
            Item(name="hour", title="小时", type=ItemType.DATETIME, is_required=True),
            Item(name="wind", title="风速", type=ItemType.DECIMAL, unit="m/s"),
            Item(name="pilot", type=ItemType.TEXT, length=20, sensitivity=Sensitivity.PERSON_NAME),
        ),
        conforms_to=(
            Standard(
                code="GB/T 36344",
                version="2018",
                title="信息技术 数据质量评价指标",
                address="https://std.example/GB T 36344",
            ),
            Standard(code="QX/T 118"),
        ),
    )
    values: dict[str, Any] = {
        "id": new_id(),
        "name": told.name,
        "supplier_name": "示例数据科技有限公司",
        "supplier_party_id": new_id(),
        "form": told.form,
        "told": public_description(told),
        "content": make_content(),
        "version": 3,
        "created_at": NOW,
        "updated_at": NOW + dt.timedelta(days=1),
        "certificate_number": "HN-2026-000001",
        "is_listed": True,
        "prices": (
            make_price(),
            make_price(code="forever", charge="one_off", amount_fen=1_000_000),
        ),
        "use": Use(audience="港航企业", regions=("海南",), fields=("航运",), period="一年"),
        "origins": (Origin("港口自动气象站观测记录"), Origin("引航记录", new_id())),
        "quality": Quality(87, (("accuracy", 99), ("completeness", 75))),
        "earlier": (Earlier(2, told.name, NOW), Earlier(1, "旧名", NOW)),
    }
    return Facts(**(values | changes))


def make_open(**changes: Any) -> Facts:
    """Return a product that everybody may fetch."""
    licence = OpenLicence(
        "public-data-open", "公共数据开放许可", "Public data open", "/open-data#licence"
    )
    return make_facts(**({"open_licence": licence, "prices": (), "use": None} | changes))


def make_content(**changes: Any) -> Content:
    values: dict[str, Any] = {
        "version": 2,
        "file_id": uuid.uuid4(),
        "sha256": "ab" * 32,
        "size_bytes": 12_345,
        "media_type": "text/csv; charset=utf-8",
        "file_name": "指数.csv",
        "attached_at": NOW,
    }
    return Content(**(values | changes))


def make_price(**changes: Any) -> Price:
    values: dict[str, Any] = {
        "code": "per_call",
        "charge": "per_unit",
        "unit": MeteringUnit.API_CALL,
        "amount_fen": 12_345,
        "filing_number": "备案〔2026〕0001号",
        "effective_from": dt.date(2026, 3, 2),
    }
    return Price(**(values | changes))


def make_foreign(**changes: Any) -> Facts:
    """Return a record of a foreign catalogue, as it stands in ours."""
    record = {
        "id": "a-1",
        "title": "公共自行车站点",
        "source": "某市开放平台",
        "description": "各站点位置与可借数量。",
        "publisher": "某市交通局",
        "theme": "交通",
        "keywords": ("自行车", "站点"),
        "format": "csv",
        "update_frequency": "daily",
        "region": "某市",
        "url": "https://data.example.org/bikes?id=1",
        "licence": "OGDL-Taiwan-1.0",
    } | changes
    return from_record(imports.Record(**record))


def from_record(record: imports.Record) -> Facts:
    form = imports.FORMS.get(record.format.lower())
    names = set(Imported.__struct_fields__)
    given = {name: getattr(record, name) for name in names}
    return Facts(
        id=uuid.uuid5(uuid.NAMESPACE_URL, record.id),
        name=record.title,
        supplier_name=record.publisher,
        form=form,
        foreign=Imported(**given),
        source=record.source,
        source_id=record.id,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


def real_facts(count: int) -> list[Facts]:
    """Return real records from all over a foreign catalogue; skip where there is none."""
    if not _RECORDS.exists():
        pytest.skip("no real records beside the project")
    with gzip.open(_RECORDS) as lines:
        every = list(lines)
    step = len(every) // count
    return [
        from_record(imports.Record(**json.loads(line))) for line in every[: step * count : step]
    ]


def as_record(facts: Facts, *, source: str) -> imports.Record:
    """Return what a reader of our own DCAT gets of a product: the law of the round trip (F15)."""
    foreign = facts.foreign
    theme, cycle = "", ""
    if foreign is not None:
        theme, cycle = foreign.theme, foreign.update_frequency
    elif facts.told is not None:
        theme = authorities.THEME.get(facts.told.industry_section, "")
        code = authorities.FREQUENCY[facts.told.update_cycle]
        cycle = authorities.WORD_OF_FREQUENCY.get(code, "realtime")
    licence = "数据产品使用许可" if foreign is None else foreign.licence
    return imports.Record(
        id=facts.source_id if is_worldwide(facts.source_id or "") else str(facts.id),
        title=facts.name,
        source=source,
        description=facts.description,
        publisher=facts.supplier_name,
        theme=theme,
        keywords=tuple(sorted(facts.keywords)),
        format=_content_format(facts.content) if foreign is None else foreign.format,
        update_frequency=cycle,
        region=facts.region,
        url="" if foreign is None else web_address(foreign.url) or "",
        licence=licence,
    )


def _content_format(content: Content | None) -> str:
    if content is None:
        return ""
    media_type = content.media_type.partition(";")[0].strip()
    code = authorities.MEDIA_FILE_TYPE.get(media_type)
    return code.lower() if code is not None else media_type.rpartition("/")[2]


# Whatever the import takes: any script, quotes, backslashes, line breaks; no controls. Blanks at
# the ends are nobody's information, and readers take them off.
words = st.text(max_size=40).filter(is_readable).map(str.strip)
some_words = words.filter(bool)


@st.composite
def any_foreign(draw: st.DrawFn) -> Facts:
    return make_foreign(
        id=draw(some_words),
        title=draw(some_words),
        description=draw(words),
        publisher=draw(words),
        theme=draw(words),
        keywords=tuple(draw(st.lists(words, max_size=4))),
        format=draw(st.sampled_from(["csv", "CSV", "api", "", "七种"]) | words),
        update_frequency=draw(st.sampled_from(["daily", "Daily", "annual", ""]) | words),
        region=draw(words),
        url=draw(
            st.sampled_from(["", "https://a.example/b c[1]#x", "ftp://a", "http://[::1]/"]) | words
        ),
        licence=draw(st.sampled_from(["MIT", "mit", ""]) | words),
    )


@st.composite
def any_described(draw: st.DrawFn) -> Facts:
    return make_facts(
        make_description(
            conforms_to=tuple(
                Standard(code=each, title=draw(words), address=draw(words))
                for each in draw(st.lists(some_words, max_size=2))
            ),
            name=draw(some_words),
            description=draw(words),
            value_statement=draw(words),
            form=draw(st.sampled_from(Form)),
            keywords=tuple(draw(st.lists(words, max_size=4))),
            region=draw(words),
            region_code=draw(st.sampled_from(["", "46", "460100"])),
            industry_section=draw(st.sampled_from(["", *"ABCDEFGHIJKLMNOPQRST"])),
            update_cycle=draw(st.sampled_from(UpdateCycle)),
            valid_from=draw(st.none() | st.dates()),
            valid_to=draw(st.none() | st.dates()),
        ),
        supplier_name=draw(words),
        certificate_number=draw(st.none() | st.just("HN-2026-000001")),
        content=draw(st.none() | st.just(make_content(media_type="application/x-other"))),
        prices=draw(st.sampled_from([(), (make_price(effective_to=dt.date(2027, 1, 1)),)])),
        use=draw(st.none() | st.builds(Use, audience=words, onward_use=st.booleans())),
    )
