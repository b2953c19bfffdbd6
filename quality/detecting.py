"""Looks for sensitive data in a version's Parquet files: every value, in DuckDB's own SQL.

One statement a column: the form of each kind as a regular expression, the check character as
arithmetic. Statements are put together from constants of this file and quoted names.

Source: GB 11643-1999 (resident numbers, ISO 7064 MOD 11-2), GB 32100-2015 (credit codes, MOD 31),
ISO/IEC 7812-1 annex B (bank cards, Luhn), GA 36-2018 (plates).
"""

# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from quality.check import Column, Family
from quality.profiling import DEFAULT_MEMORY_BYTES, DEFAULT_THREADS, opened_table
from quality.sensitive import FINDINGS_MAX, Finding, SensitiveKind, is_finding

_FLOATS = ("DOUBLE", "FLOAT", "DECIMAL")
_FORMED_NUMBER_MIN = 13_000_000_000
"""The least that a number of any kind can be: 130 0000 0000, a mobile's."""


def detect(
    paths: Sequence[Path],
    *,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
    threads: int = DEFAULT_THREADS,
) -> tuple[Finding, ...]:
    """What is found in the table that these Parquet files make up, in the order of its columns."""
    found: list[Finding] = []
    with opened_table(paths, memory_bytes=memory_bytes, threads=threads) as connection:
        described = connection.execute("DESCRIBE data").fetchall()
        for row in described:
            column = Column(str(row[0]), str(row[1]))
            kinds = _kinds_for(column)
            if not kinds:
                continue
            statement = _statement(column, kinds)
            counts = connection.execute(statement).fetchone()
            assert counts is not None, "an aggregate without groups has one row"
            for index, kind in enumerate(kinds):
                formed, valid = counts[1 + 2 * index], counts[2 + 2 * index]
                counted = Finding(column.name, kind, int(counts[0]), int(formed), int(valid))
                if is_finding(counted):
                    found.append(counted)
    return tuple(found[:FINDINGS_MAX])


def valid_sql(kind: SensitiveKind, value: str) -> str:
    """Whether `value`, an SQL text without spaces around it, is a valid one of the kind."""
    formed = f"regexp_matches(v, {_literal(_FORMS[kind])})"
    valid = _CHECKS.get(kind)
    # CASE, not AND: the arithmetic must not meet a value without the form.
    condition = formed if valid is None else f"CASE WHEN {formed} THEN {valid} ELSE false END"
    return condition.replace("(v, ", f"({value}, ")


def _kinds_for(column: Column) -> tuple[SensitiveKind, ...]:
    if column.family is Family.TEXT:
        return tuple(SensitiveKind)
    if column.family is Family.NUMBER and not column.type.startswith(_FLOATS):
        return (SensitiveKind.RESIDENT_ID, SensitiveKind.BANK_CARD, SensitiveKind.MOBILE)
    return ()


def _statement(column: Column, kinds: Sequence[SensitiveKind]) -> str:
    """Distinct values with their counts first: most columns repeat theirs.

    Numbers below the first that has any of the forms are counted and not looked at.
    """
    quoted = '"' + column.name.replace('"', '""') + '"'
    if column.family is Family.TEXT:
        total = "coalesce(sum(n), 0)"
        values = f"""
            SELECT v, count(*) AS n
              FROM (SELECT trim(CAST({quoted} AS VARCHAR), ' \t\u3000') AS v FROM data)
             WHERE v <> ''
             GROUP BY v
        """
    else:
        total = f"(SELECT count({quoted}) FROM data)"
        values = f"""
            SELECT CAST({quoted} AS VARCHAR) AS v, count(*) AS n
              FROM data
             WHERE {quoted} >= {_FORMED_NUMBER_MIN}
             GROUP BY {quoted}
        """
    terms = [total]
    for kind in kinds:
        formed = f"regexp_matches(v, {_literal(_FORMS[kind])})"
        valid = _CHECKS.get(kind)
        # CASE, not AND: the arithmetic must not meet a value without the form.
        passed = formed if valid is None else f"CASE WHEN {formed} THEN {valid} ELSE false END"
        terms += [
            f"coalesce(sum(n) FILTER ({formed}), 0)",
            f"coalesce(sum(n) FILTER ({passed}), 0)",
        ]
    return f"SELECT {', '.join(terms)} FROM ({values})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_DAY = "(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_PROVINCE = "(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘"
    "杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷"
    "施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜肖詹关苗凌费"
    "纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵欧解强柴华车冉房边辜吉饶刁瞿戚丘古"
    "米池滕晋苑邬臧畅宫来缪鄢蓝陈劉張黃吳趙楊許鄭謝馮鄧蕭呂蔣葉盧鍾賴蘇孫羅馬龔莊簡"
)
_FORMS = {
    SensitiveKind.RESIDENT_ID: f"^{_PROVINCE}[0-9]{{4}}{_DAY}[0-9]{{3}}[0-9Xx]$",
    SensitiveKind.CREDIT_CODE: "^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$",
    SensitiveKind.BANK_CARD: (
        "^(?:62[0-9]{14,17}|4[0-9]{15}|5[1-5][0-9]{14}|2[2-7][0-9]{14}|3[47][0-9]{13}|35[0-9]{14})$"
    ),
    SensitiveKind.PLATE: (
        f"^[{_PLATES}][A-Z][·• -]?(?:[A-HJ-NP-Z0-9]{{4}}[A-HJ-NP-Z0-9挂学警港澳]"
        "|[A-HJK][A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[A-HJK])$"
    ),
    SensitiveKind.MOBILE: r"^(?:\+?86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}$",
    SensitiveKind.EMAIL: (
        r"(?:^|[^A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
        r"\.[A-Za-z]{2,}(?:$|[^A-Za-z0-9])"
    ),
    SensitiveKind.PASSPORT: "^(?:[EGDSPHegdsph][0-9]{8}|[Ee][A-HJ-NP-Za-hj-np-z][0-9]{7})$",
    SensitiveKind.ADDRESS: (
        "(?:路|街|大道|巷|弄|胡同|村|小区|新村|花园|苑)[^,，。;；]{0,12}?[0-9０-９一二三四五六七八九十甲乙丙]+"
        "(?:[-－之][0-9]+)?(?:号|號|弄|室|幢|栋|棟|单元|座|楼|樓)"
    ),
    SensitiveKind.PERSON_NAME: (
        f"^(?:[{_SURNAMES}]|欧阳|上官|司马|诸葛|皇甫|尉迟|公孙|慕容|令狐|司徒|歐陽|諸葛)"
        r"[·\p{Han}]{1,3}$|^[A-Z][a-z'-]+(?: [A-Z][a-z'.-]*){1,3}$"
    ),
}


def _digit(position: int) -> str:
    return f"(ascii(substr(v, {position}, 1)) - 48)"


def _resident_id() -> str:
    """The date exists, and the last character is the one that the others give."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = " + ".join(f"{weight} * {_digit(at)}" for at, weight in enumerate(weights, start=1))
    check = f"substr('10X98765432', ({total}) % 11 + 1, 1) = upper(substr(v, 18, 1))"
    return f"({check} AND try_strptime(substr(v, 7, 8), '%Y%m%d') IS NOT NULL)"


def _credit_code() -> str:
    weights = [pow(3, power, 31) for power in range(17)]
    alphabet = _literal(_CREDIT)
    total = " + ".join(
        f"{weight} * (strpos({alphabet}, substr(v, {at}, 1)) - 1)"
        for at, weight in enumerate(weights, start=1)
    )
    return f"substr({alphabet}, (31 - ({total}) % 31) % 31 + 1, 1) = substr(v, 18, 1)"


def _luhn() -> str:
    """From the right, every second digit counts twice, less nine where that has two digits."""
    padded = "lpad(v, 19, '0')"
    terms = []
    for at in range(1, 20):
        digit = f"(ascii(substr({padded}, {at}, 1)) - 48)"
        is_doubled = (19 - at) % 2 == 1
        terms.append(f"(2 * {digit} - 9 * ({digit} > 4)::INTEGER)" if is_doubled else digit)
    return f"({' + '.join(terms)}) % 10 = 0"


_CHECKS = {
    SensitiveKind.RESIDENT_ID: _resident_id(),
    SensitiveKind.CREDIT_CODE: _credit_code(),
    SensitiveKind.BANK_CARD: _luhn(),
}
