"""The directory fields of a record as the API takes and gives them."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from catalog.audience import is_member, sees_department_fields
from catalog.dataset import Dataset
from catalog.directory import DEPARTMENT_FIELDS, Directory, FormatClass, ShareChannel
from policies.party import Actor
from policies.roles import can_supervise
from policies.terms import DatasetId

_NOT_HERE = ("in_series", "extras")


class DirectoryBody(BaseModel):
    """What the government resource directory holds of a record; what is left out stays.

    政务信息资源目录的核心元数据；未给出的字段保持不变。
    """

    model_config = ConfigDict(extra="forbid")

    type_name: str | None = Field(default=None, description="`dataset`, `series` … · 记录种类")
    class_code: str | None = Field(
        default=None, description="Class, item, subject, detail · 信息资源分类 (类项目细目)"
    )
    gov_code: str | None = Field(
        default=None, description="Class code, slash, sequence number · 信息资源代码"
    )
    registration_number: str | None = Field(
        default=None, description="Registration number · 登记编号"
    )
    format_class: FormatClass | None = Field(
        default=None, description="Kind of format · 信息资源格式"
    )
    share_condition: str | None = Field(default=None, description="Condition of sharing · 共享条件")
    share_channel: ShareChannel | None = Field(
        default=None, description="Way of sharing · 共享方式"
    )
    open_condition: str | None = Field(default=None, description="Condition of opening · 开放条件")
    is_classified: bool | None = Field(default=None, description="Never leaves the site · 涉密属性")
    field_of_use: str | None = Field(default=None, description="Field · 数据领域")
    scenario: str | None = Field(default=None, description="Scenario of use · 应用场景")
    source_system: str | None = Field(default=None, description="Source system · 来源系统")
    temporal_start: date | None = Field(default=None, description="Time covered, from · 时间范围起")
    temporal_end: date | None = Field(default=None, description="Time covered, until · 时间范围止")
    spatial: str | None = Field(default=None, description="Area, GB/T 2260 code or name · 空间范围")
    landing_page: str | None = Field(
        default=None, description="A page about it elsewhere · 原始页面"
    )
    version_label: str | None = Field(default=None, description="Its publisher's version · 版本")
    author: str | None = Field(default=None, description="Author · 作者")
    author_email: str | None = Field(default=None, description="Author's e-mail · 作者邮箱")
    maintainer: str | None = Field(default=None, description="Contact · 联系人")
    maintainer_email: str | None = Field(default=None, description="Contact's e-mail · 联系邮箱")
    contact_phone: str | None = Field(default=None, description="Contact's telephone · 联系电话")
    conforms_to: str | None = Field(default=None, description="Standard · 遵循标准")
    provenance: str | None = Field(default=None, description="Origin of the data · 数据来源说明")
    languages: list[str] | None = Field(default=None, description="BCP 47 tags · 数据语种")
    legislation: list[str] | None = Field(default=None, description="Applicable laws · 适用法律")
    related_codes: list[str] | None = Field(
        default=None, description="Related codes · 关联资源代码"
    )
    identifiers: list[str] | None = Field(
        default=None, description="Identifiers elsewhere · 其他标识"
    )
    extras: dict[str, str] | None = Field(
        default=None, description="Fields of foreign catalogues · 其他目录的字段"
    )


def directory_with(before: Directory, wanted: DirectoryBody) -> Directory:
    """The directory with the fields that were given; null empties one.

    Raises: MalformedField, TextTooLong, TextUnwritable, TooManyEntries.
    """
    empty = Directory()
    given: dict[str, object] = {}
    for name in wanted.model_fields_set:
        value = getattr(wanted, name)
        if value is None:
            given[name] = getattr(empty, name)
        elif name == "extras":
            given[name] = tuple(value.items())
        else:
            given[name] = tuple(value) if isinstance(value, list) else value
    return replace(before, **given)  # type: ignore[arg-type]  # checked by the model


def in_series(before: Directory, series_id: DatasetId | None) -> Directory:
    """The directory in another series, or (None) in none."""
    return replace(before, in_series=series_id)


def directory_body(dataset: Dataset, by: Actor) -> dict[str, object]:
    """The fields that were given, as far as `by` may know them."""
    directory = dataset.entry.directory
    is_inside = is_member(by, dataset.publisher_id) or can_supervise(by)
    hidden = set(_NOT_HERE)
    if not sees_department_fields(by, dataset):
        hidden |= set(DEPARTMENT_FIELDS)
    told: dict[str, object] = {
        each.name: getattr(directory, each.name)
        for each in fields(directory)
        if each.name not in hidden and getattr(directory, each.name) != each.default
    }
    if is_inside and directory.extras:
        told["extras"] = dict(directory.extras)
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in told.items()
    }
