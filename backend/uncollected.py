"""Imports with the garbage collector at rest.

What is imported stays, and there is a lot of it: the collector would look through all of it again and again, a fifth of
the import of Gradio (measured on Python 3.11). Afterwards it is set aside for good, so that no later collection looks
through it either.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def imports() -> Iterator[None]:
    """While this lasts, nothing is collected, by any thread; so it is for the start alone."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
