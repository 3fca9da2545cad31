"""Storage: mechanisms that keep a database usable and know nothing of todos.

The story of a start, told in the order of the files:

- `lock`       one process prepares, the others wait and look again; nobody's file is replaced while it is in use.
- `look`       sees a file twice, without and with its log, before anybody opens it.
- `diagnose`   names its state from that; changes nothing.
- `prepare`    decides, for each state, which of the following to use, and looks again afterwards.
- `quarantine` keeps what is damaged, with its -wal and -shm; nothing is ever deleted.
- `heal`       builds a new file from every row that can still be read, with `salvage`, and verifies it.
- `swap`       puts it in place, whatever moment the process is killed at.
- `memory`     remembers for the next start how this one ended, and what nobody has read yet.
- `adopter`    turns somebody else's tables into ours; damaged ones are healed as what they are, and adopted then.
- `outlook`    says beforehand, in plain words, what a start would do.
- `comeback`   puts back a missing file from its newest good snapshot; where it cannot look for one, nothing begins.
- `migrate`    runs Alembic in one transaction, so that a failure leaves the database as it was.
- `layout`     knows the tables of every released revision by their fingerprint, because a version row can be wrong.
- `engine`     opens the database for everybody else.

A database server (`server`, with `waiting`, `shape`, `dialect`, `resumable` and `faults`) is waited for, and brought to
the newest revision behind an advisory lock. `gate` is the row that says whether a database takes writes; a move of the
data turns it.

What outlives the machine, told in the order in which a change travels:

- `mounts`     reads which file system a path lies on.
- `home`       tells from that what becomes of the live file: it lasts, its snapshots last, or nothing does.
- `changes`    notices a commit over any connection of any process.
- `keeper`     is the thread that acts on it, in seconds where only snapshots last, and once more when the app stops.
- `taking`     makes a snapshot: an online copy, checked, written beside its place, read back from there.
- `snapshots`  knows finished ones by their manifests, and finds the newest that is still good.
- `ring`       removes old ones, after a good one was added and never otherwise.
- `courier`    carries them to the `hub`, a private dataset repository, where that is set.
- `shelter`    puts these together from the values of the settings.

Only SQLite's result codes 11 (corrupt) and 26 (not a database) mean damage. A lock, a full disk or missing rights never
do: what cannot be used now is left exactly as it is, and the app says so.
"""
