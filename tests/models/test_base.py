"""What all tables share: times as they are stored."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from backend.models.base import rfc3339


def test_a_time_is_stored_in_utc_whichever_zone_said_it_first() -> None:
    """Equal instants are the same key, so what is remembered of one is answered for the other."""
    there = datetime(2027, 3, 1, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
    for number in range(2):
        moment = there + timedelta(seconds=number)
        both = (moment, moment.astimezone(UTC))
        for one in both if number else reversed(both):
            assert rfc3339(one) == f"2027-03-01T00:00:0{number}.000000Z"
