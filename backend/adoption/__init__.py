"""Adoption: a database of the old deployment becomes ours, and every row of it is still there.

The story in the order of the files:

- `layout`    recognises the old deployment by its tables. Its version row says `001`, or nothing, or anything.
- `rows`      reads the old tables a page at a time, and gets past bytes and times that no driver would hand over.
- `texts`, `times`, `tags`, `names`
              one kind of value each: what it was, what it becomes, and what is noted where the two differ.
- `users`, `todos`
              one row each: theirs in, ours out. What a field of ours cannot hold is written into the description.
- `identity`  the UUIDv7 that an old row has for ever.
- `remains`   what a damaged file of theirs is read by, and read into, before any of this.
- `transfer`  copies everything, remembers users and forgets todos, and counts both sides before it believes itself.
- `aside`, `in_place`
              PostgreSQL, where old and new tables want the same names in one database.
- `report`    what was counted, and each value that is not as it was.

The source is never changed, but for names in PostgreSQL; nothing of it is ever deleted. All of an adoption is one
transaction of its caller's, so that a failure or a kill -9 leaves what was there.
"""

from backend.adoption.errors import AdoptionError
from backend.adoption.in_place import adopt_in_place
from backend.adoption.layout import OldLayout, OldTable, recognise
from backend.adoption.report import AdoptionReport, Finding, What
from backend.adoption.transfer import adopt

__all__ = [
    "AdoptionError",
    "AdoptionReport",
    "Finding",
    "OldLayout",
    "OldTable",
    "What",
    "adopt",
    "adopt_in_place",
    "recognise",
]
