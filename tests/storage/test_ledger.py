"""The ledger of a salvage: what it says of single rows, and what it keeps to itself."""

from pathlib import Path

from backend.storage.salvage.ledger import Ledger


def test_what_proves_who_somebody_is_is_not_shown(tmp_path: Path) -> None:
    folder = tmp_path / "quarantine"
    folder.mkdir()
    with Ledger(folder) as ledger:
        ledger.partial("users", {"id": "1", "username": "anna", "password_hash": "$argon2id$1"}, "page", ["lost:email"])
        ledger.rejected("personal_tokens", {"digest": b"\x01\x02"}, "no parent", {"digest": "$argon2id$2"})
    said = "".join(path.read_text() for path in folder.iterdir())
    assert '"anna"' in said
    assert said.count("(not shown)") == 3
    assert "argon2id" not in said
    assert "0102" not in said
