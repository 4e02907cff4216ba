"""Dates as EC-Lab writes them: text in headers, days since 1899 in binary files."""

import re
from datetime import datetime, timedelta

_DATE = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})(?:[ T]+(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d{1,6}))?)?\s*$")


def read_date(text: str) -> tuple[str, str]:
    """ISO date of EC-Lab's "05/17/2024 14:09:11.952" and what was assumed ("" where nothing); "unknown" if it is none.

    EC-Lab writes the month first, in every locale that the samples show; a first number above 12 is a day.
    """
    match = _DATE.match(text.strip())
    if match is None:
        return "unknown", ""
    first, middle, third = (int(match.group(i)) for i in (1, 2, 3))
    assumed = ""
    if len(match.group(1)) == 4:
        year, month, day = first, middle, third
    elif first > 12:
        day, month, year = first, middle, third
    else:
        month, day, year = first, middle, third
        if day <= 12 and day != month:
            assumed = f"date {match.group(1)}/{match.group(2)}/{match.group(3)} read month first, as EC-Lab writes it"
    year += 2000 if year < 100 else 0
    hour, minute, second = (int(match.group(i) or 0) for i in (4, 5, 6))
    micro = int((match.group(7) or "0").ljust(6, "0"))
    try:
        moment = datetime(year, month, day, hour, minute, second, micro)  # noqa: DTZ001
    except ValueError:
        return "unknown", ""
    return moment.isoformat(timespec="milliseconds" if micro else "seconds"), assumed


def ole_date(days: float) -> str:
    """ISO date of a count of days since 30 December 1899 (local time of the instrument's computer)."""
    moment = datetime(1899, 12, 30) + timedelta(milliseconds=round(days * 86400e3))  # noqa: DTZ001
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
