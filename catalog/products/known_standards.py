"""List the standards that products here cite most, and what became of older ones (标准名录, GD-02(b)).

It is small on purpose: what is not in it may be cited as well. Numbers, titles and what replaces what
are as the bodies that issue them had it on 2026-11-29.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec


class Standing(enum.StrEnum):
    """Whether a standard counts (标准状态)."""

    IN_FORCE = "in_force"  # 现行
    WITHDRAWN = "withdrawn"  # 废止


class KnownStandard(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a standard, as its body issued it."""

    code: str  # 标准号, without its year
    version: str  # 年代号; empty where its body gives none
    title: str
    standing: Standing = Standing.IN_FORCE
    replaced_by: tuple[str, ...] = ()  # numbers of what counts instead
    address: str = ""  # where its text or its record is, where that address stays

    @property
    def number(self) -> str:
        """Return the standard as it is cited."""
        return f"{self.code}-{self.version}" if self.version else self.code


def _known(number: str, title: str, address: str = "") -> KnownStandard:
    code, _, version = number.rpartition("-")
    return KnownStandard(code=code, version=version, title=title, address=address)


def _gone(number: str, title: str, *replaced_by: str) -> KnownStandard:
    return msgspec.structs.replace(
        _known(number, title), standing=Standing.WITHDRAWN, replaced_by=replaced_by
    )


def _undated(code: str, title: str, address: str) -> KnownStandard:
    return KnownStandard(code=code, version="", title=title, address=address)


#: By number, as people look them up.
STANDARDS: Final = (
    # what data are counted and written by
    _known("GB 11643-1999", "公民身份号码"),
    _gone("GB 18030-2005", "信息技术 中文编码字符集", "GB 18030-2022"),
    _known("GB 18030-2022", "信息技术 中文编码字符集"),
    _known("GB 32100-2015", "法人和其他组织统一社会信用代码编码规则"),
    _gone("GB/T 2260-2002", "中华人民共和国行政区划代码", "GB/T 2260-2007"),
    _known("GB/T 2260-2007", "中华人民共和国行政区划代码"),
    _gone("GB/T 4754-2011", "国民经济行业分类", "GB/T 4754-2017"),
    _known("GB/T 4754-2017", "国民经济行业分类"),
    _known("GB/T 7027-2002", "信息分类和编码的基本原则与方法"),
    _gone(
        "GB/T 7408-2005",
        "数据元和交换格式 信息交换 日期和时间表示法",
        "GB/T 7408.1-2023",
    ),
    _known("GB/T 7408.1-2023", "日期和时间 信息交换表示法 第1部分：基本原则"),
    # catalogues, quality, sharing
    _known("GB/T 21063.3-2007", "政务信息资源目录体系 第3部分：核心元数据"),
    _known("GB/T 21063.4-2007", "政务信息资源目录体系 第4部分：政务信息资源分类"),
    _known("GB/T 36344-2018", "信息技术 数据质量评价指标"),
    _known("GB/T 38664.1-2020", "信息技术 大数据 政务数据开放共享 第1部分：总则"),
    _known("GB/T 38664.2-2020", "信息技术 大数据 政务数据开放共享 第2部分：基本要求"),
    _known("GB/T 38664.3-2020", "信息技术 大数据 政务数据开放共享 第3部分：开放程度评价"),
    _known("GB/T 38667-2020", "信息技术 大数据 数据分类指南"),
    _known("GB/T 37668-2019", "信息技术 互联网内容无障碍可访问性技术要求与测试方法"),
    # safety, levels, personal information
    _gone("GB/T 22239-2008", "信息安全技术 信息系统安全等级保护基本要求", "GB/T 22239-2019"),
    _known("GB/T 22239-2019", "信息安全技术 网络安全等级保护基本要求"),
    _gone("GB/T 22240-2008", "信息安全技术 信息系统安全等级保护定级指南", "GB/T 22240-2020"),
    _known("GB/T 22240-2020", "信息安全技术 网络安全等级保护定级指南"),
    _gone("GB/T 35273-2017", "信息安全技术 个人信息安全规范", "GB/T 35273-2020"),
    _known("GB/T 35273-2020", "信息安全技术 个人信息安全规范"),
    _known("GB/T 37964-2019", "信息安全技术 个人信息去标识化指南"),
    _known("GB/T 37988-2019", "信息安全技术 数据安全能力成熟度模型"),
    _known("GB/T 39477-2020", "信息安全技术 政务信息共享 数据安全技术要求"),
    _known("GB/T 39786-2021", "信息安全技术 信息系统密码应用基本要求"),
    _known("GB/T 43697-2024", "数据安全技术 数据分类分级规则"),
    _known("DB11/T 1918-2021", "政务数据分级与安全保护规范"),
    # of other bodies
    _gone("ISO 8601-2004", "Data elements and interchange formats", "ISO 8601-1-2019"),
    _known("ISO 8601-1-2019", "Date and time — Representations for information interchange — 1"),
    _gone("ISO 19115-2003", "Geographic information — Metadata", "ISO 19115-1-2014"),
    _known("ISO 19115-1-2014", "Geographic information — Metadata — Part 1: Fundamentals"),
    _gone("ISO/IEC 27001-2013", "Information security management", "ISO/IEC 27001-2022"),
    _known("ISO/IEC 27001-2022", "Information security management systems — Requirements"),
    _known("ISO/IEC 25012-2008", "Data quality model"),
    _undated(
        "RFC 4180",
        "Common Format and MIME Type for CSV Files",
        "https://www.rfc-editor.org/rfc/rfc4180",
    ),
    msgspec.structs.replace(
        _undated("RFC 7159", "The JSON Data Interchange Format", ""),
        standing=Standing.WITHDRAWN,
        replaced_by=("RFC 8259",),
    ),
    _undated("RFC 7946", "The GeoJSON Format", "https://www.rfc-editor.org/rfc/rfc7946"),
    _undated(
        "RFC 8259", "The JSON Data Interchange Format", "https://www.rfc-editor.org/rfc/rfc8259"
    ),
    _undated("W3C DCAT 3", "Data Catalog Vocabulary", "https://www.w3.org/TR/vocab-dcat-3/"),
    _undated("W3C ODRL 2.2", "ODRL Information Model", "https://www.w3.org/TR/odrl-model/"),
)
