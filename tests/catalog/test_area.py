"""`catalog/area.py`."""

from __future__ import annotations

import pytest

from catalog.area import area_name
from policies.terms import Text


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("100000", Text(zh="全国", en="China")),
        ("310000", Text(zh="上海市", en="Shanghai")),
        ("640000000000", Text(zh="宁夏回族自治区", en="Ningxia")),
        ("640100", Text(zh="宁夏回族自治区 640100", en="Ningxia 640100")),
        ("990000", Text(zh="990000", en="990000")),
        ("3100", Text(zh="3100", en="3100")),
        (
            "-77.1196,38.8038,-76.909,38.9959",
            Text(zh="38.80°N–39.00°N，77.12°W–76.91°W", en="38.80°N–39.00°N, 77.12°W–76.91°W"),
        ),
        ("-1.5, 0, 2, 0", Text(zh="0.00°N，1.50°W–2.00°E", en="0.00°N, 1.50°W–2.00°E")),
        ("10,20,5,30", Text(zh="10,20,5,30", en="10,20,5,30")),
        ("0,0,181,1", Text(zh="0,0,181,1", en="0,0,181,1")),
        ("0,0,1,91", Text(zh="0,0,1,91", en="0,0,1,91")),
        ("浦东新区", Text(zh="浦东新区", en="浦东新区")),
    ],
)
def test_an_area_is_said_by_its_name(written: str, named: Text) -> None:
    assert area_name(written) == named
