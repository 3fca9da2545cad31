"""The docstring of the package is where whoever carries it on begins, so it must be whole."""

from pathlib import Path

from backend import storage


def test_the_story_of_storage_names_each_of_its_files() -> None:
    told = storage.__doc__ or ""
    names = {path.stem for path in Path(storage.__file__).parent.glob("*.py")} - {"__init__"}
    assert not [name for name in sorted(names) if f"`{name}`" not in told]
