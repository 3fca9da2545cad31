"""What each format cannot carry. The README shows this table, and a test holds the two together."""

# Other people are no part of an account's file.
_PEOPLE = "with whom lists are shared, and to whom todos are assigned"

LOSSES: dict[str, tuple[str, ...]] = {
    "json": (_PEOPLE,),
    "csv": ("the colour, order and archive of lists", "saved filters", "the account's profile", _PEOPLE),
    "ics": (
        "what lies in the trash",
        "fractions of seconds",
        "carriage returns (line ends become plain ones)",
        "the colour, order and archive of lists",
        "saved filters",
        "the account's profile",
        _PEOPLE,
    ),
    "todotxt": (
        "descriptions",
        "what lies in the trash",
        "the time of day of creation and completion (their days in UTC are kept), and every change since",
        "line breaks in titles (they become blanks)",
        "fractions of seconds in reminders",
        "the place of a todo in its list, and a list's id, colour, order and archive (its name is kept)",
        "the earlier occurrences of a series as a series, and how many were missed",
        "saved filters",
        "the account's profile",
        _PEOPLE,
    ),
}
