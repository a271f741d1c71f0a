"""What is read once within a request, however many ask for it. Outside a request everything is read anew."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("kept_within_request", default=None)


@contextmanager
def keeping() -> Iterator[None]:
    """Remember what `kept` reads until the end of the block; the middleware puts one around every request."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def kept(key: Hashable, read: Callable[[], T]) -> T:
    """What `read` answered the first time in this request."""
    memory = _kept.get()
    if memory is None:
        return read()
    if key not in memory:
        memory[key] = read()
    return memory[key]


def forget(key: Hashable) -> None:
    """What was read has changed: the next one to ask reads it anew."""
    if (memory := _kept.get()) is not None:
        memory.pop(key, None)
