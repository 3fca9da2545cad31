"""What is refused and why, how a rule is spelled, and what it says in English. Refusals first."""

from datetime import date, datetime, time

import pytest

from backend.models import recurrence
from backend.models.recurrence import Series

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("", "must be a recurrence rule such as"),
        ("often", "must be a recurrence rule such as"),
        ("every 32nd", "must be a recurrence rule such as"),
        ("FREQ=DAILY;\N{FULLWIDTH DIGIT ONE}=1", "must be a recurrence rule such as"),
        ("FREQ=DAILY" + ";" * 500, "at most 500 characters"),
        ("INTERVAL=2", "needs FREQ="),
        ("FREQ=", "needs a value for FREQ"),
        ("FREQ=OFTEN", "needs FREQ="),
        ("FREQ=HOURLY", "must not repeat more than once a day"),
        ("FREQ=SECONDLY;INTERVAL=86400", "must not repeat more than once a day"),
        ("FREQ=DAILY;BYHOUR=9", "the time of day is the due_time"),
        ("FREQ=DAILY;FREQ=DAILY", "must say FREQ once"),
        ("FREQ=DAILY;BYEASTER=0", "BYEASTER, which is no part of"),
        ("FREQ=DAILY;INTERVAL=0", "a number from 1"),
        ("FREQ=DAILY;INTERVAL=-1", "a number from 1"),
        ("FREQ=DAILY;INTERVAL=1_0", "a number from 1"),
        ("FREQ=YEARLY;INTERVAL=101", "at most 100 for YEARLY"),
        ("FREQ=DAILY;COUNT=0", "a number from 1 to 10000 in COUNT"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270301", "by COUNT or by UNTIL"),
        ("FREQ=DAILY;UNTIL=20270230", "must have a day such as"),
        ("FREQ=DAILY;UNTIL=2027-03-01", "must have a day such as"),
        ("FREQ=DAILY;UNTIL=20270301Z", "must have a day such as"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "numbers from 1 to 31 or -1 to -31"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "numbers from 1 to 31 or -1 to -31"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,,2", "numbers from 1 to 31 or -1 to -31"),
        ("FREQ=YEARLY;BYMONTH=13", "numbers from 1 to 12 in BYMONTH"),
        ("FREQ=YEARLY;BYMONTH=-1", "numbers from 1 to 12 in BYMONTH"),
        ("FREQ=YEARLY;BYWEEKNO=54", "in BYWEEKNO"),
        ("FREQ=WEEKLY;BYDAY=XX", "must have weekdays in BYDAY"),
        ("FREQ=MONTHLY;BYDAY=0MO", "must have weekdays in BYDAY"),
        ("FREQ=MONTHLY;BYDAY=6MO", "no month has more"),
        ("FREQ=YEARLY;BYMONTH=12;BYDAY=20MO", "no month has more"),
        ("FREQ=WEEKLY;BYDAY=1MO", "with FREQ=MONTHLY or YEARLY only"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "must not have BYMONTHDAY with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "with FREQ=YEARLY only"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "with FREQ=YEARLY only"),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "both BYWEEKNO and numbers"),
        ("FREQ=MONTHLY;BYSETPOS=1", "another BY part"),
        ("FREQ=DAILY;BYDAY=MO;BYSETPOS=1", "must have BYSETPOS with"),
        ("FREQ=WEEKLY;WKST=1MO", "in WKST"),
        ("FREQ=MONTHLY;SKIP=SIDEWAYS", "OMIT, BACKWARD or FORWARD"),
        ("FREQ=MONTHLY;RSCALE=HEBREW", "no other calendar"),
        ("FREQ=YEARLY;BYYEARDAY=366;SKIP=BACKWARD", "it moves days of a month"),
        ("FREQ=MONTHLY;BYMONTHDAY=-31;SKIP=BACKWARD", "beyond -28"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,31;BYSETPOS=-1;SKIP=BACKWARD", "both SKIP and BYSETPOS"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=5MO;SKIP=BACKWARD", "both SKIP and numbers"),
        # The library alone looks for these until the year 9999: 14 s for the first.
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never happens"),
        ("FREQ=MONTHLY;BYMONTH=2,4;BYMONTHDAY=31", "never happens"),
        ("FREQ=YEARLY;BYMONTH=6;BYWEEKNO=53", "never happens"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=5", "never happens"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", "never happens"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_in_words(text: str, because: str) -> None:
    with pytest.raises(ValueError, match=because):
        recurrence.parse(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("daily", "FREQ=DAILY"),
        (" Weekly ", "FREQ=WEEKLY"),
        ("monthly", "FREQ=MONTHLY;SKIP=BACKWARD"),
        ("yearly", "FREQ=YEARLY;SKIP=BACKWARD"),
        ("weekdays", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("every 31st", "FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD"),
        ("every 3rd", "FREQ=MONTHLY;BYMONTHDAY=3"),
        ("RRULE:freq=weekly;byday=we,mo;interval=1", "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("BYDAY=+1FR,-1FR;COUNT=007;FREQ=MONTHLY;WKST=MO;", "FREQ=MONTHLY;COUNT=7;BYDAY=-1FR,1FR"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1,31,1,1", "FREQ=MONTHLY;BYMONTHDAY=1,31,-1"),
        ("FREQ=DAILY;UNTIL=20270301T090000Z", "FREQ=DAILY;UNTIL=20270301T090000Z"),
        ("RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=FORWARD", "FREQ=MONTHLY;BYMONTHDAY=31;SKIP=FORWARD"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;SKIP=OMIT", "FREQ=MONTHLY;BYMONTHDAY=31"),
        ("FREQ=MONTHLY;BYMONTHDAY=5;SKIP=BACKWARD", "FREQ=MONTHLY;BYMONTHDAY=5"),
        ("FREQ=WEEKLY;SKIP=BACKWARD", "FREQ=WEEKLY"),
    ],
)
def test_a_rule_has_one_spelling(text: str, kept: str) -> None:
    assert recurrence.parse(text) == kept
    assert recurrence.parse(kept) == kept


def test_calendars_are_told_which_calendar_skip_means() -> None:
    assert recurrence.for_calendars("FREQ=MONTHLY;SKIP=BACKWARD") == "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD"
    assert recurrence.for_calendars("FREQ=MONTHLY") == "FREQ=MONTHLY"


@pytest.mark.parametrize(
    ("rule", "start", "said"),
    [
        ("daily", None, "every day"),
        ("FREQ=DAILY;INTERVAL=3", time(9), "every 3 days at 09:00"),
        ("weekdays", time(9), "every weekday at 09:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", time(18, 30), "every second Tuesday at 18:30"),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR", None, "every Monday, Wednesday and Friday"),
        ("FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,FR", None, "every 3 weeks on Monday and Friday"),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=10", None, "every month on the last Friday, 10 times"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,-1", None, "every month on the 1st and last day"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", None, "every month on the last weekday"),
        ("monthly", None, "every month"),
        ("monthly", date(2027, 1, 31), "every month on the 31st, or the last day of a shorter month"),
        ("monthly", date(2027, 1, 12), "every month on the 12th"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", None, "every month on the 31st, where there is one"),
        ("yearly", date(2024, 2, 29), "every year on 29 February, or the last day of a shorter month"),
        ("yearly", date(2027, 5, 31), "every year on 31 May"),
        ("yearly", date(2027, 5, 1), "every year on 1 May"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", None, "every year on each Thursday in March"),
        ("FREQ=YEARLY;BYDAY=20MO", None, "every year on the 20th Monday"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", None, "every year in week 20 on each Monday"),
        ("FREQ=YEARLY;BYYEARDAY=100,-1", None, "every year on the 100th and last day of the year"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", None, "every month on the 13th if it is a Friday"),
        ("FREQ=DAILY;UNTIL=19971224", None, "every day, until 24 December 1997"),
        ("FREQ=DAILY;UNTIL=19971224T090000Z", None, "every day, until 24 December 1997 09:00 UTC"),
        ("FREQ=DAILY;COUNT=1", None, "every day, once"),
    ],
)
def test_a_rule_in_english(rule: str, start: date | time | None, said: str) -> None:
    first = datetime.combine(date(2027, 3, 1), start) if isinstance(start, time) else start
    assert recurrence.describe(recurrence.parse(rule), first) == said


def test_a_start_with_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        Series("FREQ=DAILY", datetime.fromisoformat("2027-03-01T09:00Z"))


def test_a_count_after_completion_needs_to_know_which_one_it_is() -> None:
    series = Series("FREQ=DAILY;COUNT=3", date(2027, 3, 1), "completion", BERLIN)
    now = datetime.fromisoformat("2027-03-05T10:00")
    with pytest.raises(ValueError, match="needs the number"):
        recurrence.advance(series, date(2027, 3, 1), now, now)
    assert recurrence.advance(series, date(2027, 3, 1), now, now, number=2) == (date(2027, 3, 6), 0)
    assert recurrence.advance(series, date(2027, 3, 1), now, now, number=3) is None


def test_all_following_begin_with_the_one_that_is_edited() -> None:
    series = Series(recurrence.parse("FREQ=MONTHLY;COUNT=5;SKIP=BACKWARD"), date(2027, 1, 31))
    rest = series.following(date(2027, 2, 28))
    assert rest.rule == "FREQ=MONTHLY;COUNT=4;BYMONTHDAY=31;SKIP=BACKWARD"
    assert list(rest.occurrences()) == [date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30), date(2027, 5, 31)]
    assert list(rest.occurrences()) == list(series.occurrences(date(2027, 2, 28)))


def test_a_day_moved_out_of_the_month_before_is_found_when_looking_from_it() -> None:
    series = Series("FREQ=MONTHLY;SKIP=FORWARD", date(2027, 1, 31))
    assert next(series.occurrences(date(2027, 3, 1))) == date(2027, 3, 1)
