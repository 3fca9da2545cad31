r"""Quick add: one line of text becomes a todo, by a small grammar, and says what it understood of what.

Nothing here asks a model, a database or a clock: the same text at the same moment always reads the same. What is
ambiguous stays in the title, and where it was close, the reading says why.

The grammar, where `|` separates choices and `[ ]` holds what may be absent:

    text        = { title word | escape | #tag | @list | !priority | date | time | recurrence }
    escape      = \word | "any words"
    name        = word | "any words"                                  after # and @; a number alone is no name
    priority    = high | medium | low | 1 | 2 | 3
    date        = [on | by | due | for] day [morning | afternoon | evening | night]
    day         = today | tomorrow | tonight | day after tomorrow | this (morning | afternoon | evening)
                | [this | next] weekday | weekday next week | (this | next) weekend | next (week | month | year)
                | in N (minutes | hours | days | weeks | months | years) | end of (month | year | month name)
                | [weekday] (month N | N [of] month) [year] | Nth | in month
                | 2027-03-01 | 2027-03-01T09:00[Z | +01:00] | 1.3. | 1.3.2027 | 27/1 | 1/27
    time        = [at | @ | by] (9am | 9:30 pm | 9:30 | noon | midnight) | at 17 | (in the | at) part of the day
                , then perhaps a zone such as Europe/Berlin or UTC
    recurrence  = every[!] what [after completion] | daily | weekly | biweekly | monthly | quarterly | yearly
                | Mondays | on weekdays | (Nth | last weekday) of every month | N days after completion
    what        = [N | other | Nth] (day | week | month | quarter | year) [on weekdays | on the Nth | on a date]
                | [other] weekdays | weekday | weekend | morning | Nth [and Nth] | (first | last) weekday
                | Nth weekday of the month | last day | month N
    beside it   = (until | ending) day | N times | for N (days | weeks | months | years) | (starting | from) day

German has the same for: heute, morgen, übermorgen, heute Abend, [am | nächsten | diesen] Montag, in 3 Tagen,
nächste Woche, am 27. Januar, um 9, 9:30 Uhr, mittags, jeden Montag, jeden zweiten Dienstag, jeden 1., jeden letzten
Freitag, alle 2 Wochen, täglich, montags, bis Juni, ab Montag, 10 mal, 3 Tage nach Erledigung, !hoch, !mittel, !niedrig.

Where phrases count: those that can be nothing else anywhere ("tomorrow", "on Friday", "9am", "27 October"). A
weekday, a number with its ending, a date in numbers without a year, a clock time without am or pm, a part of a day,
"daily" and their like only at the end of the text, beside another date or time, or after their preposition and before
another ("on the 27th with Bob"). "sun", "sat" and "wed" alone only beside a time, a month alone only after "in" at
the end. Nothing counts after a word that makes it a part of the task: an article ("the 9am train"), or "to", "from",
"before", "after", "about". Of two dates joined by "and" or "to" neither counts.
"""

from backend.quick.reader import read

__all__ = ["read"]
