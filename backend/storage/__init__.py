"""Storage: mechanisms that keep a database usable and know nothing of todos.

The story of a start, told in the order of the files:

- `lock`       one process prepares, the others wait and look again.
- `diagnose`   looks at the file and names its state; changes nothing.
- `prepare`    decides, for each state, which of the next three to use, and looks again afterwards.
- `quarantine` moves a damaged file aside, with its -wal and -shm; nothing is ever deleted.
- `snapshot`   takes a verified copy before a migration.
- `migrate`    runs Alembic in one transaction, so that a failure leaves the database as it was.
- `layout`     knows the tables of every released revision by their fingerprint, because a version row can be wrong.
- `engine`     opens the database for everybody else.

Only SQLite's result codes 11 (corrupt) and 26 (not a database) mean damage. A lock, a full disk or missing rights never
do: what cannot be used now is left exactly as it is, and the app says so.
"""
