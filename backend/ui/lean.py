"""Imports Gradio without what no page of ours uses; each saving stands alone, and falls away where it does not fit.

- Type stubs. Each import of Gradio 6.31 parses the source of each of its 81 components, renders a stub for it and
  compares that with the file `.pyi` that came with the package: a quarter of the CPU of the import, for editors. There
  is no setting against it, and a read-only package saves nothing, as only the writing is left out then. So one function
  of one module does nothing meanwhile. Where a release has no such function, nothing is changed.
- pandas, a seventh of what is left and 40 MiB, for caches of functions and for data frames: it is imported when
  somebody first uses it. Not by the standard library's LazyLoader, which in Python 3.11 shows a module half made to a
  second thread.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from threading import RLock
from types import ModuleType
from typing import Any

_STUBS, _WRITE = "gradio.component_meta", "create_or_modify_pyi"
_LATER = "pandas"


@contextmanager
def importing() -> Iterator[None]:
    """While this lasts, the first import of Gradio is lean."""
    finder = _Finder()
    # A module cannot be changed before the package uses it: Python imports the whole package first.
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(fullname, path, target) if fullname in {_STUBS, _LATER} else None
        if found is None or found.origin is None or type(found.loader) is not SourceFileLoader:
            return None
        made = _WithoutStubs if fullname == _STUBS else _WhenUsed
        return spec_from_file_location(fullname, found.origin, loader=made(fullname, found.origin))


class _WithoutStubs(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        if hasattr(module, _WRITE):
            setattr(module, _WRITE, _write_nothing)


class _WhenUsed(SourceFileLoader):
    """Leaves the module's code for whoever first asks the module for anything."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Waiting(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__[_Waiting.IS_LEFT] = super().exec_module


class _Waiting(ModuleType):
    """A module whose code is still to be run: by one thread, and the others wait."""

    IS_LEFT = "__run__"
    _lock = RLock()

    def __getattribute__(self, name: str) -> Any:
        # The import system asks for these two, and so does every `import` of what is already there.
        if name not in {"__spec__", "__dict__"}:
            with _Waiting._lock:
                run = self.__dict__.pop(_Waiting.IS_LEFT, None)
                if run is not None:
                    run(self)
                    object.__setattr__(self, "__class__", ModuleType)
        return ModuleType.__getattribute__(self, name)


def _write_nothing(*_: object) -> None:
    """In the place of the function that writes a stub."""
