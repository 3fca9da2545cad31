"""An account of many todos imported, imported again and exported, in a process and a database of its own.

python tests/services/exchange_bulk.py 100000 /tmp/folder
"""

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path

_, COUNT, FOLDER = sys.argv
os.environ["DATABASE_URL"] = f"sqlite:///{FOLDER}/bulk.db"
os.environ["SECRET_KEY"] = "only-for-tests-" + "0123456789abcdef" * 2
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from backend import database, transfers
from backend.exchange import json_file
from backend.models.transfer import Format
from backend.models.user import UserCreate
from backend.services import accounts
from backend.services.actor import Actor
from tests.exchange.bulk import ACCOUNT, START, some


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(count: int, path: Path) -> dict[str, float]:
    data = UserCreate(email="bulk@example.com", username="bulk", password="SecurePass123!")
    with database.write_scope() as session:
        user = accounts.register(session, data, "no hash", registration_open=True)
    actor = Actor(user.id, "none", "Europe/Berlin", is_admin=False)
    with path.open("wb") as file:
        file.writelines(json_file.write(some(count, named=True), account=ACCOUNT, exported_at=START))
    began, clock = peak(), time.process_time()
    with path.open("rb") as file:
        first = asyncio.run(transfers.take(actor, file, Format.JSON, is_dry=False))
    took, clock = time.process_time() - clock, time.process_time()
    with path.open("rb") as file:
        second = asyncio.run(transfers.take(actor, file, Format.JSON, is_dry=False))
    again, clock = time.process_time() - clock, time.process_time()
    exported = sum(chunk.count(b'\n{"title"') for chunk in transfers.written(actor, Format.JSON))
    return {
        "created": first.created,
        "unchanged": second.unchanged,
        "exported": exported,
        "import_cpu_seconds": round(took, 1),
        "again_cpu_seconds": round(again, 1),
        "export_cpu_seconds": round(time.process_time() - clock, 1),
        "bytes": path.stat().st_size,
        "rss_growth_bytes": peak() - began,
    }


if __name__ == "__main__":
    print(json.dumps(main(int(COUNT), Path(FOLDER) / "todos.json")))  # noqa: T201
