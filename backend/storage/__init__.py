"""Storage: mechanisms that keep a database usable and know nothing of todos.

The story of a start, told in the order of the files:

- `lock`       one process prepares, the others wait and look again; nobody's file is replaced while it is in use.
- `look`       sees a file twice, without and with its log, before anybody opens it.
- `diagnose`   names its state from that; changes nothing.
- `prepare`    decides, for each state, which of the following to use, and looks again afterwards.
- `quarantine` keeps what is damaged, with its -wal and -shm; nothing is ever deleted.
- `mend`       does what needs no new file: makes or migrates tables, puts a log aside, corrects a version row.
- `heal`       builds a new file from every row that can still be read, with `salvage`, and verifies it.
- `healed`     is what came of that, in numbers and in words.
- `swap`       puts it in place, whatever moment the process is killed at.
- `memory`     remembers for the next start how this one ended, and what nobody has read yet.
- `adopter`    turns somebody else's tables into ours; damaged ones are healed as what they are, and adopted then.
- `outlook`    says beforehand, in plain words, what a start would do.
- `comeback`   puts back a missing file from its newest good snapshot; where it cannot look for one, nothing begins.
- `migrate`    runs Alembic in one transaction, so that a failure leaves the database as it was.
- `layout`     knows the tables of every released revision by their fingerprint, because a version row can be wrong.
- `engine`     opens the database for everybody else.

While the app runs:

- `files`      writes copies that are whole or absent, and that stay after a power cut.
- `vitals`     tells how the database is without opening it.
- `faults`     tells what a driver's error means for the work that met it, so that it is done again or refused.

A database server goes another way:

- `server`     brings it to the newest revision behind an advisory lock, and heals nothing: that is its own business.
- `waiting`    waits, within bounds, for one that is still coming up.
- `dialect`    makes each kind of server behave as SQLite does here.
- `shape`      knows the tables of every released revision there, as facts that all kinds of server share.
- `resumable`  lets a migration that was killed half way on MySQL be finished by the next start.

A move of the data from one database to another, in the order of its steps:

- `gate`       is the row that says whether a database takes writes; the move turns it.
- `places`     looks at both ends, and refuses before anything is changed.
- `carry`      copies while the source goes on being written, catches up, and reads everything back.
- `stretches`  divides a table into runs of keys, so that only what has changed is looked at again.
- `canonical`  gives a row the same digest on every database.
- `rows`       reads and writes whole tables in bounded memory.

What outlives the machine, told in the order in which a change travels:

- `mounts`     reads which file system a path lies on.
- `home`       tells from that what becomes of the live file: it lasts, its snapshots last, or nothing does.
- `rescue`     puts back a file that was removed while the app works with it: an open connection still has all of it.
- `changes`    notices a commit over any connection of any process.
- `keeper`     is the thread that acts on it, in seconds where only snapshots last, and once more when the app stops.
- `taking`     makes a snapshot: an online copy, checked, written beside its place, read back from there.
- `snapshots`  knows finished ones by their manifests, and finds the newest that is still good.
- `checkup`    looks at one of them once a week for what a quick look does not see.
- `ring`       removes old ones, after a good one was added and never otherwise.
- `courier`    carries them to the `hub`, a private dataset repository, where that is set.
- `shelter`    puts these together from the values of the settings.

Only SQLite's result codes 11 (corrupt) and 26 (not a database) mean damage. A lock, a full disk or missing rights never
do: what cannot be used now is left exactly as it is, and the app says so.
"""
