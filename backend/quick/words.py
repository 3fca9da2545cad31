"""The vocabulary of quick add, folded: English, and German where it costs nothing."""

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)

WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _numbered(groups: tuple[str, ...], start: int = 0) -> dict[str, int]:
    return {word: number for number, group in enumerate(groups, start) for word in group.split()}


WEEKDAYS = _numbered(
    (
        "monday mon montag",
        "tuesday tue tues dienstag",
        "wednesday wed mittwoch",
        "thursday thu thur thurs donnerstag",
        "friday fri freitag",
        "saturday sat samstag sonnabend",
        "sunday sun sonntag",
    )
)
# Words in their own right: they are days only where something beside them says so.
AMBIGUOUS_WEEKDAYS = frozenset({"sun", "sat", "wed"})
# "Mondays" is every Monday.
EACH_WEEKDAYS = _numbered(
    (
        "mondays montags",
        "tuesdays dienstags",
        "wednesdays mittwochs",
        "thursdays donnerstags",
        "fridays freitags",
        "saturdays samstags",
        "sundays sonntags",
    )
)
MONTHS = _numbered(
    (
        "january jan januar",
        "february feb februar",
        "march mar märz maerz mär",
        "april apr",
        "may mai",
        "june jun juni",
        "july jul juli",
        "august aug",
        "september sep sept",
        "october oct oktober okt",
        "november nov",
        "december dec dezember dez",
    ),
    start=1,
)
# People and words in their own right: "Ask Jan 27 questions", "March 5 miles".
AMBIGUOUS_MONTHS = frozenset({"jan", "mar", "march", "may", "april", "june"})

UNITS = {
    **dict.fromkeys(("minute", "minutes", "min", "mins", "minuten"), "minute"),
    **dict.fromkeys(("hour", "hours", "stunde", "stunden"), "hour"),
    **dict.fromkeys(("day", "days", "tag", "tage", "tagen"), "day"),
    **dict.fromkeys(("week", "weeks", "woche", "wochen"), "week"),
    **dict.fromkeys(("month", "months", "monat", "monate", "monaten"), "month"),
    **dict.fromkeys(("quarter", "quarters", "quartal", "quartale", "quartalen"), "quarter"),
    **dict.fromkeys(("year", "years", "jahr", "jahre", "jahren"), "year"),
}
# After a number, so that it is no day: "until June 10 times".
COUNTED = frozenset({"times", "time", "mal", *UNITS})
CLOCK_UNITS = frozenset({"minute", "hour"})

NUMBERS = {
    **_numbered(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1),
    **_numbered(("eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf"), 1),
    **dict.fromkeys(("a", "an", "einem", "einer", "ein", "eine"), 1),
}
ORDINALS = {
    **dict.fromkeys(("first", "ersten", "erster", "erstes"), 1),
    **dict.fromkeys(("second", "zweiten", "zweite", "zweiter", "zweites"), 2),
    **dict.fromkeys(("third", "dritten", "dritte", "dritter", "drittes"), 3),
    **dict.fromkeys(("fourth", "vierten", "vierte", "vierter", "viertes"), 4),
    "fifth": 5,
}
LAST = frozenset({"last", "letzten", "letzte", "letzter", "letztes"})
OTHER = frozenset({"other", "alternate"})

EVERY = frozenset({"every", "each", "jeden", "jede", "jedes", "jeder", "alle"})
WORKDAYS = frozenset({"weekday", "weekdays", "workday", "workdays", "werktag", "werktags", "arbeitstag"})
WEEKEND = frozenset({"weekend", "weekends", "wochenende"})
# "Daily" at the end of the text; elsewhere it describes something ("Daily standup").
ADVERBS = {
    "daily": ("DAILY", 1),
    "täglich": ("DAILY", 1),
    "weekly": ("WEEKLY", 1),
    "wöchentlich": ("WEEKLY", 1),
    "biweekly": ("WEEKLY", 2),
    "fortnightly": ("WEEKLY", 2),
    "monthly": ("MONTHLY", 1),
    "monatlich": ("MONTHLY", 1),
    "quarterly": ("MONTHLY", 3),
    "vierteljährlich": ("MONTHLY", 3),
    "yearly": ("YEARLY", 1),
    "annually": ("YEARLY", 1),
    "jährlich": ("YEARLY", 1),
}

NEXT = frozenset({"next", "nächsten", "nächste", "nächster", "nächstes"})
THIS = frozenset({"this", "coming", "diesen", "diese", "dieser", "dieses", "kommenden"})

# Words that lead to a due, and go with it.
DATE_LEADS = frozenset({"on", "by", "due", "for", "am", "bis", "für"})
TIME_LEADS = frozenset({"at", "@", "by", "um"})
UNTIL = frozenset({"until", "till", "til", "ending", "bis"})
STARTING = frozenset({"starting", "beginning", "from", "ab"})

# After these, a day is no due: "Move the meeting to Friday", "Report from Monday".
BLOCKERS = frozenset(
    {
        *("to", "from", "since", "before", "after", "between", "of", "than", "not", "until", "till", "til", "about"),
        *("bis", "von", "vom", "seit", "vor", "nach", "zu", "zum", "zwischen", "nicht", "über", "ab", "starting"),
        *("beginning", "ending", "during", "in", "/", "&", "or", "oder", "and", "und"),
    }
)
# After these, it describes what follows: "the Monday meeting", "my 9am pill".
DETERMINERS = frozenset(
    {
        *("the", "a", "an", "my", "our", "your", "his", "her", "their", "its", "every", "each", "any", "some", "no"),
        *("der", "die", "das", "den", "dem", "ein", "eine", "einen", "mein", "meine", "meinen", "guten", "jeden"),
    }
)
# Where a phrase has its lead, these may follow it in the middle of a text: "on the 27th with Bob".
JOINERS = frozenset(
    {
        *("about", "with", "for", "to", "at", "in", "from", "via", "re", "and", "because", "so", "if", "when", "as"),
        *("mit", "für", "wegen", "zu", "zum", "zur", "im", "bei", "und", "weil", "wenn"),
    }
)
RANGES = frozenset({"-", "–", "—", "to", "till", "until", "bis", "through"})  # noqa: RUF001 - the dashes that people type
NUMBERED_THINGS = frozenset({"version", "release", "section", "chapter", "part", "kapitel", "abschnitt", "ziffer", "§"})

# Parts of a day, as hours of the clock.
PERIODS = {
    **dict.fromkeys(("morning", "früh", "vormittag"), 9),
    **dict.fromkeys(("afternoon", "nachmittag"), 15),
    **dict.fromkeys(("evening", "night", "abend"), 20),
}
NOON = frozenset({"noon", "midday", "mittags", "mittag"})
MIDNIGHT = frozenset({"midnight", "mitternacht"})

PRIORITIES = {
    **dict.fromkeys(("high", "1", "hoch"), "high"),
    **dict.fromkeys(("medium", "2", "mittel"), "medium"),
    **dict.fromkeys(("low", "3", "niedrig"), "low"),
}

# Whatever a backslash before it keeps from being understood.
MEANINGFUL = frozenset(
    {
        *WEEKDAYS,
        *EACH_WEEKDAYS,
        *MONTHS,
        *UNITS,
        *NUMBERS,
        *ORDINALS,
        *LAST,
        *OTHER,
        *EVERY,
        *WORKDAYS,
        *WEEKEND,
        *ADVERBS,
        *NEXT,
        *THIS,
        *DATE_LEADS,
        *TIME_LEADS,
        *UNTIL,
        *STARTING,
        *PERIODS,
        *NOON,
        *MIDNIGHT,
        *("today", "tomorrow", "tonight", "heute", "morgen", "übermorgen", "in", "end", "after", "noon"),
    }
)
