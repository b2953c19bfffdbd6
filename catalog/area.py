"""What an area is called: codes of GB/T 2260 down to provinces, boxes, and what else was written.

Source: GB/T 2260, codes of the administrative divisions at provincial level; OGC 06-121r9,
WGS84BoundingBox (west, south, east, north), as catalogues of maps write it.
"""

from __future__ import annotations

import re
from typing import Final

from policies.terms import Text

_CODE: Final = re.compile(r"\d{6}(\d{6})?")
_DEGREES: Final = r"(-?\d{1,3}(?:\.\d{1,20})?)"
_BOX: Final = re.compile(rf"{_DEGREES}, ?{_DEGREES}, ?{_DEGREES}, ?{_DEGREES}")
_NAMES: Final = {
    "10": ("全国", "China"),
    "11": ("北京市", "Beijing"),
    "12": ("天津市", "Tianjin"),
    "13": ("河北省", "Hebei"),
    "14": ("山西省", "Shanxi"),
    "15": ("内蒙古自治区", "Inner Mongolia"),
    "21": ("辽宁省", "Liaoning"),
    "22": ("吉林省", "Jilin"),
    "23": ("黑龙江省", "Heilongjiang"),
    "31": ("上海市", "Shanghai"),
    "32": ("江苏省", "Jiangsu"),
    "33": ("浙江省", "Zhejiang"),
    "34": ("安徽省", "Anhui"),
    "35": ("福建省", "Fujian"),
    "36": ("江西省", "Jiangxi"),
    "37": ("山东省", "Shandong"),
    "41": ("河南省", "Henan"),
    "42": ("湖北省", "Hubei"),
    "43": ("湖南省", "Hunan"),
    "44": ("广东省", "Guangdong"),
    "45": ("广西壮族自治区", "Guangxi"),
    "46": ("海南省", "Hainan"),
    "50": ("重庆市", "Chongqing"),
    "51": ("四川省", "Sichuan"),
    "52": ("贵州省", "Guizhou"),
    "53": ("云南省", "Yunnan"),
    "54": ("西藏自治区", "Tibet"),
    "61": ("陕西省", "Shaanxi"),
    "62": ("甘肃省", "Gansu"),
    "63": ("青海省", "Qinghai"),
    "64": ("宁夏回族自治区", "Ningxia"),
    "65": ("新疆维吾尔自治区", "Xinjiang"),
    "71": ("台湾省", "Taiwan"),
    "81": ("香港特别行政区", "Hong Kong SAR"),
    "82": ("澳门特别行政区", "Macao SAR"),
}


def area_name(spatial: str) -> Text:
    """What an area is called in each language; below a province, its name with the code."""
    box = _BOX.fullmatch(spatial)
    if box is not None:
        west, south, east, north = (float(one) for one in box.groups())
        if west <= east and south <= north and max(-west, east) <= 180 and max(-south, north) <= 90:
            return _box_name(west, south, east, north)
    known = _NAMES.get(spatial[:2]) if _CODE.fullmatch(spatial) else None
    if known is None:
        return Text(zh=spatial, en=spatial)
    zh, en = known
    if not spatial[2:].strip("0"):
        return Text(zh=zh, en=en)
    return Text(zh=f"{zh} {spatial}", en=f"{en} {spatial}")


def _box_name(west: float, south: float, east: float, north: float) -> Text:
    """A box as people read coordinates: latitudes first, with their hemispheres."""
    latitudes, longitudes = _span(south, north, "NS"), _span(west, east, "EW")
    return Text(zh=f"{latitudes}，{longitudes}", en=f"{latitudes}, {longitudes}")


def _span(first: float, last: float, sides: str) -> str:
    ends = [f"{abs(one):.2f}°{sides[one < 0]}" for one in (first, last)]
    return "–".join(dict.fromkeys(ends))
