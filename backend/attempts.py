"""Attempts: how often one may try to log in and the like, for an account and for an address.

They are counted in this process, or in Redis for all processes together where REDIS_URL is set. When Redis is away,
nobody is locked out and nobody waits for it: each process counts alone until it is back.
"""

import logging
import math
import time
from collections.abc import Sequence
from functools import cache

import anyio.to_thread
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, Storage
from limits.strategies import MovingWindowRateLimiter

from backend.errors import RateLimitedError
from backend.settings import get_settings

logger = logging.getLogger(__name__)

# An address may be a school or a company: it gets this many times the attempts of one account.
_PER_ADDRESS = 3

_REDIS_TIMEOUT_SECONDS = 0.5
# After a failure Redis is left alone for so long: not every login waits for a time limit.
_AWAY_SECONDS = 5


class Counter:
    """Counts in one process, and in Redis for all of them where it has one."""

    def __init__(self, redis_url: str | None = None) -> None:
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._shared = MovingWindowRateLimiter(_redis(redis_url)) if redis_url else None
        self._is_away = False
        self._ask_again_at = -math.inf

    async def hit(self, limit: RateLimitItem, key: Sequence[str]) -> float | None:
        """Count one more; the seconds to wait where there were too many already."""
        if self._shared is None or time.monotonic() < self._ask_again_at:
            return _hit(self._own, limit, key)
        shared, refusals = self._shared, _refusals(self._shared.storage)
        try:
            wait = await anyio.to_thread.run_sync(lambda: _hit(shared, limit, key))
        except refusals as error:
            self._ask_again_at = time.monotonic() + _AWAY_SECONDS
            if not self._is_away:
                # Not its words: they may hold the address, and the name that we log in to it with.
                logger.warning(
                    "Redis does not answer (%s). Until it does, each process counts attempts to log in by itself.",
                    type(error).__name__,
                )
            self._is_away = True
            return _hit(self._own, limit, key)
        if self._is_away:
            self._is_away = False
            logger.info("Redis answers again: attempts to log in are counted for all processes together.")
        return wait

    def forget(self) -> None:
        """Start counting anew, in this process."""
        self._own.storage.reset()


async def count(rate: str, action: str, account: str, address: str) -> None:
    """Count an attempt for the account and for the address; raises RateLimitedError when there are too many."""
    per_account = parse(rate)
    per_address = type(per_account)(per_account.amount * _PER_ADDRESS, per_account.multiples)
    for limit, key in ((per_address, (action, "address", address)), (per_account, (action, "account", account))):
        wait = await _counter().hit(limit, key)
        if wait is not None:
            seconds = max(1, math.ceil(wait))
            raise RateLimitedError(f"Too many attempts. Try again in {seconds} seconds.", retry_after_seconds=seconds)


def forget() -> None:
    """Start counting anew."""
    _counter().forget()


@cache
def _counter() -> Counter:
    url = get_settings().redis_url
    return Counter(url.get_secret_value() if url is not None else None)


def _hit(limiter: MovingWindowRateLimiter, limit: RateLimitItem, key: Sequence[str]) -> float | None:
    if limiter.hit(limit, *key):
        return None
    return float(limiter.get_window_stats(limit, *key).reset_time - time.time())


def _redis(url: str) -> Storage:
    # Imported where it is used, for it takes time and memory.
    from limits.storage import RedisStorage  # noqa: PLC0415 - the same
    from redis.backoff import NoBackoff  # noqa: PLC0415 - the same
    from redis.retry import Retry  # noqa: PLC0415 - the same

    return RedisStorage(
        url,
        key_prefix="todos:attempts",
        socket_timeout=_REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),  # type: ignore[arg-type] # handed on to redis, whatever it is
    )


def _refusals(storage: Storage) -> tuple[type[Exception], ...]:
    found = storage.base_exceptions
    return found if isinstance(found, tuple) else (found,)
