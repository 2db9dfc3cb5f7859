"""Say what a data product is: the nouns and the fixed lists of FIELDS (E3–E9, E19, E45)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from catalog.products.labels import Label
from catalog.products.states import State

ProductId = NewType("ProductId", uuid.UUID)

Line = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=20_000)]
Code = Annotated[str, Meta(max_length=100)]


class Form(enum.StrEnum):
    """What kind of thing the product is (数据产品形式, E3)."""

    DATASET = "dataset"  # 数据集
    DATA_API = "data_api"  # 数据接口
    DATA_INDICATOR = "data_indicator"  # 数据指标
    DATA_REPORT = "data_report"  # 数据报告
    DATA_MODEL_ALGORITHM = "data_model_algorithm"  # 数据模型算法
    DATA_APPLICATION = "data_application"  # 数据应用
    DATA_SERVICE = "data_service"  # 数据服务
    OTHER_TRADABLE = "other_tradable"  # 等可流通的标的物: needs a description of its own


class SubForm(enum.StrEnum):
    """Which kind within a form the product is (形式细类, E36, GD-14)."""

    MODEL = "model"  # 数据模型
    VERIFICATION = "verification"  # 数据核验
    EVALUATION_INDEX = "evaluation_index"  # 评价指数
    VISUALISATION = "visualisation"  # 可视化
    DATA_ENGINE = "data_engine"  # 数据引擎


class MarketTier(enum.StrEnum):
    """In which market the product is traded (市场层级, E44, GZ-2)."""

    PRIMARY = "primary"  # 一级市场
    SECONDARY = "secondary"  # 二级市场


class MeteringUnit(enum.StrEnum):
    """By what the product is counted (计量单位, E4)."""

    RECORD = "record"
    FILE = "file"
    API_CALL = "api_call"
    REPORT = "report"
    MODEL_COPY = "model_copy"
    SEAT = "seat"
    GIGABYTE = "gigabyte"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    PROJECT = "project"
    PRODUCT_COUNT = "product_count"  # 产品数量
    SERVICE_COUNT = "service_count"  # 服务次数
    SERVICE_TIME = "service_time"  # 服务时间
    DATA_CALL_VOLUME = "data_call_volume"  # 数据调用量


class OriginPath(enum.StrEnum):
    """From whose resources the product was made (来源路径, E5, HN-03)."""

    SUPERMARKET_RESOURCE = "supermarket_resource"  # 超市提供的数据资源
    OWN_RESOURCE = "own_resource"  # 自有数据资源


class UpdateCycle(enum.StrEnum):
    """How often it changes (更新周期, E7)."""

    REAL_TIME = "real_time"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"
    IRREGULAR = "irregular"
    STATIC = "static"


class DataNature(enum.StrEnum):
    """Whose kind of data it is (数据性质, E8, BJ-02)."""

    PUBLIC = "public"  # 公共数据
    ENTERPRISE = "enterprise"  # 企业数据
    PERSONAL = "personal"  # 个人数据
    MIXED = "mixed"


class AcquisitionMethod(enum.StrEnum):
    """How the supplier came by a source (获取方式, E9)."""

    OWN_PRODUCTION = "own_production"  # 自行产生
    AUTHORISED_SUPPLY = "authorised_supply"  # 授权提供
    SUPERMARKET_CHANNEL = "supermarket_channel"  # 超市通道
    PUBLIC_OPEN = "public_open"  # 开放数据
    PURCHASE = "purchase"  # 购买
    LAWFUL_PUBLIC_COLLECTION = "lawful_public_collection"  # 依法公开采集
    ENTRUSTED = "entrusted"  # 受托


class DeliveryMode(enum.StrEnum):
    """How the buyer gets it (交付方式, E19)."""

    RAW_SHARE = "raw_share"  # 原始数据共享
    DATASET_PRODUCT = "dataset_product"  # 加工数据集
    API_CALL = "api_call"  # 调用数据接口
    MODEL_DEPLOY = "model_deploy"  # 部署数据模型
    VERIFICATION = "verification"  # 核验
    REPORT_RESULT = "report_result"  # 报告、指数
    SANDBOX = "sandbox"  # 安全空间
    PRIVACY_COMPUTING = "privacy_computing"  # 可用不可见（隐私计算）


class AiShare(enum.StrEnum):
    """How much of it a machine generated (AI 生成合成内容)."""

    NONE = "none"
    PARTLY = "partly"
    FULL = "full"


class Level(enum.StrEnum):
    """How sensitive data are (数据级别, E45): Beijing's four levels, the nation's three."""

    BJ_1 = "bj_1"  # 一级
    BJ_2 = "bj_2"  # 二级
    BJ_3 = "bj_3"  # 三级
    BJ_4 = "bj_4"  # 四级
    GENERAL = "general"  # 一般数据
    IMPORTANT = "important"  # 重要数据
    CORE = "core"  # 核心数据


class SharingType(enum.StrEnum):
    """To whom its supplier gives the resource (共享类型, E35)."""

    UNCONDITIONAL = "unconditional"  # 无条件共享
    CONDITIONAL = "conditional"  # 有条件共享
    NOT_SHARED = "not_shared"  # 不予共享


class OpenAttribute(enum.StrEnum):
    """Whether the catalogue of public data gives the resource to everybody (开放属性, GD-08)."""

    UNCONDITIONAL = "unconditional"  # 无条件开放
    CONDITIONAL = "conditional"  # 有条件开放
    NOT_OPEN = "not_open"  # 不予开放


class ItemType(enum.StrEnum):
    """Of which type the values of an information item are (数据类型)."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    STRUCTURE = "structure"  # a list or an object inside


class Sensitivity(enum.StrEnum):
    """What of a person or a firm the values of an item tell (敏感类型)."""

    NONE = "none"
    PERSON_NAME = "person_name"  # 姓名
    PHONE = "phone"  # 手机号码
    ID_CARD = "id_card"  # 居民身份证号码 (GB 11643)
    EMAIL = "email"
    BANK_CARD = "bank_card"
    ADDRESS = "address"
    USCC = "uscc"  # 统一社会信用代码 (GB 32100)
    OTHER = "other"  # sensitive in another way: masked whole


class Origin(enum.StrEnum):
    """How the product came into the catalogue."""

    DESCRIBED = "described"  # by its supplier
    IMPORTED = "imported"  # as a record of a foreign catalogue; it can not be ordered


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the product is for (使用场景, HN-17)."""

    code: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$")]
    description: Line


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source the product was made from (数据来源, HN-08(4), FIELDS 1.3)."""

    source_id: Code
    name: Line
    holder: Line
    nature: DataNature
    acquisition_method: AcquisitionMethod
    legal_basis: Line = ""
    authorisation_required: bool = False
    authorisation_scope: Line = ""
    authorisation_valid_to: dt.date | None = None
    classification_level: Level | None = None
    contains_personal_info: bool = False
    is_supermarket_resource: bool = False
    resource_id: uuid.UUID | None = None  # the catalogue's entry, if it is one of ours


class Reclassification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the product is less sensitive than what it was made from (RULES §8.1).

    The room ``reclassifications`` writes it, when two people have decided; a supplier only keeps it.
    """

    reason: Line
    decided_by: Line  # who proposed it and who confirmed it
    evidence: Line  # the digest of the file
    of_sources: Level | None = None  # how sensitive the sources were then; None: nobody asked


class Classification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Category and level, by which standard (分类分级, GD-02)."""

    scheme: Code
    level: Level
    category: Line
    reclassification: Reclassification | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One information item, a column of the data dictionary (信息项, 数据字典, FIELDS 9)."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]  # as the file calls it
    title: Line = ""  # as people call it
    type: ItemType
    length: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None  # at most so many characters
    unit: Annotated[str, Meta(max_length=50)] = ""
    is_required: bool = False  # no value may be missing
    sensitivity: Sensitivity = Sensitivity.NONE
    source_id: Annotated[str, Meta(max_length=100)] = ""  # from which of the sources it comes
    is_authoritative: bool = False  # 一数一源: this product is where the item comes from (GD-01(b))


class Standard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A standard that the product follows (遵循标准, GD-02(b))."""

    code: Annotated[str, Meta(min_length=1, max_length=100)]  # 标准号, without its year
    version: Annotated[str, Meta(max_length=50)] = ""  # 年代号
    title: Line = ""
    address: Annotated[str, Meta(max_length=500)] = ""  # where it is had

    @property
    def number(self) -> str:
        """Return the standard as it is cited: its code and its year."""
        return f"{self.code}-{self.version}" if self.version else self.code


class CatalogueAttributes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The five attributes that public data must have in the catalogue (GD-01(b))."""

    responsible_department: Line = ""  # 数据责任部门
    data_source: Line = ""  # 数据来源
    update_mechanism: Line = ""  # 更新机制
    quality_standard: Line = ""  # 质量标准
    usage_method: Line = ""  # 使用方法


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the supplier says of the product (数据产品介绍, FIELDS 1.2 and 9).

    Whether it is enough is asked in ``metadata.py``; here stands only what a field can hold.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    form: Form
    form_description: Line = ""
    sub_form: SubForm | None = None
    market_tier: MarketTier | None = None
    description: Text = ""
    metering_unit: MeteringUnit | None = None
    processing_statement: Text = ""
    value_statement: Text = ""
    origin_path: OriginPath
    substantive_processing: Text = ""
    innovative_labour: Text = ""
    scenarios: Annotated[tuple[Scenario, ...], Meta(max_length=50)] = ()
    sources: Annotated[tuple[Source, ...], Meta(max_length=100)] = ()
    items: Annotated[tuple[Item, ...], Meta(max_length=500)] = ()
    sharing_type: SharingType | None = None
    sharing_condition: Line = ""
    open_attribute: OpenAttribute | None = None
    in_authorized_scope: bool = False  # 纳入授权运营范围
    resource_code: Code = ""  # 资源代码, as the catalogue of public data has it
    related_codes: Annotated[tuple[Code, ...], Meta(max_length=50)] = ()  # 关联资源代码
    classification: Classification | None = None
    data_nature: DataNature | None = None
    contains_personal_info: bool = False
    contains_sensitive_personal_info: bool = False
    contains_important_data: bool = False
    important_data_basis: Line = ""
    contains_national_core_data: bool = False
    ai_generated: AiShare = AiShare.NONE
    update_cycle: UpdateCycle = UpdateCycle.IRREGULAR
    delivery_modes: Annotated[tuple[DeliveryMode, ...], Meta(max_length=8)] = ()
    industry_section: Annotated[str, Meta(pattern="^[A-T]?$")] = ""  # GB/T 4754 门类
    industry_division: Annotated[str, Meta(pattern="^([0-9]{2})?$")] = ""  # GB/T 4754 大类
    industry_class: Annotated[str, Meta(pattern="^([0-9]{3,4})?$")] = ""  # GB/T 4754 中类、小类
    region: Annotated[str, Meta(max_length=50)] = ""  # as people call it
    region_code: Annotated[str, Meta(pattern="^([0-9]{2}|[0-9]{4}|[0-9]{6})?$")] = ""  # GB/T 2260
    keywords: Annotated[tuple[Code, ...], Meta(max_length=50)] = ()
    conforms_to: Annotated[tuple[Standard, ...], Meta(max_length=20)] = ()
    catalogue: CatalogueAttributes = CatalogueAttributes()
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What the record of a foreign catalogue says, as far as it is kept."""

    description: str
    theme: str
    keywords: tuple[str, ...]
    format: str
    update_frequency: str
    region: str
    url: str
    licence: str


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """One version of what is delivered: which bytes, since when."""

    version: int
    file_id: uuid.UUID
    sha256: str
    size_bytes: int
    media_type: str
    file_name: str
    attached_at: dt.datetime


class Gap(msgspec.Struct, frozen=True):
    """One thing that a description does not tell, what it is worth, why, and how it may look."""

    field: str
    label: Label
    points: int
    why: Label
    example: str


class Completeness(msgspec.Struct, frozen=True):
    """How complete a description is (完整度), of a hundred points (``completeness.py``)."""

    points: int
    gaps: tuple[Gap, ...]


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A data product (数据产品), described by its supplier or imported."""

    id: ProductId
    origin: Origin
    state: State
    supplier_party_id: PartyId | None
    supplier_name: str
    name: str
    form: Form | None
    description: Description | None
    imported: Imported | None
    source: str | None
    source_id: str | None
    is_public: bool
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    contents: tuple[Content, ...] = ()
    reference: str | None = None  # how its supplier calls it (供方编号); nobody else is told
    completeness: Completeness | None = None  # computed for its supplier; nobody else is told

    @property
    def content(self) -> Content | None:
        """Return the newest version of what is delivered, if there is any."""
        return self.contents[-1] if self.contents else None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The public side of a product, as it is searched."""

    product_id: ProductId
    source_id: str | None
    name: str
    supplier_name: str
    summary: str
    form: str | None
    industry: str | None
    region: str | None
    level: str | None
    theme: str | None
    source: str | None
    update_cycle: str | None
    format: str | None
    industry_codes: tuple[str, ...]  # all codes that it is filed under, from the top down
    region_codes: tuple[str, ...]
    delivery_modes: tuple[str, ...]
    keywords: tuple[str, ...]  # by which the catalogue is listed, each once
    terms: str  # the literal of a tsvector
