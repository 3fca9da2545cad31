"""The collector rests while the app is imported, and only then."""

import gc

import pytest

from backend import uncollected


def test_it_rests_and_goes_on() -> None:
    assert gc.isenabled()
    with uncollected.imports():
        assert not gc.isenabled()
        with uncollected.imports():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_import_that_fails() -> None:
    with pytest.raises(ImportError), uncollected.imports():
        raise ImportError
    assert gc.isenabled()


def test_what_was_imported_is_set_aside() -> None:
    before = gc.get_freeze_count()
    with uncollected.imports():
        made = [[number] for number in range(1_000)]
    try:
        assert gc.get_freeze_count() >= before + len(made)
    finally:
        gc.unfreeze()
