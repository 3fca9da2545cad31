"""Imports with the garbage collector at rest.

What is imported stays, and there is a lot of it: the collector would look through all of it again and again, a fifth of
the import of Gradio (measured on Python 3.11). Afterwards it is set aside for good, so that no later collection looks
through it either.

What requests make is mostly gone with them, without the collector. It is looked through after 10,000 new objects and
not after 700, which some ten requests make: a tenth of the CPU of creating and ticking todos, 32 at a time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS, _ROUNDS = 10_000, 20


@contextmanager
def imports() -> Iterator[None]:
    """While this lasts, nothing is collected, by any thread; so it is for the start alone."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_OBJECTS, _ROUNDS, _ROUNDS)
        if was_on:
            gc.enable()
