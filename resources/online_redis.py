"""The shared online store: Redis, one hash a view; a push fills a copy and renames it in place."""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.errors import StoreError
from core.settings import redact, scrub
from resources.ports import OnlineRow

if TYPE_CHECKING:
    from redis import Redis

PREFIX = "heddle:online"
HEAD = ""  # field of the head; no entity's key is empty
PUSH_SECONDS = 600  # a push that says nothing for so long is dead, and its copy goes
CHUNK = 5_000  # fields of one command


class RedisOnline:
    """See ports.OnlineStore. The server must be 6.2 or newer (COPY)."""

    def __init__(self, url: str) -> None:
        self.url = url

    @classmethod
    def from_url(cls, url: str) -> "RedisOnline":
        """Open redis://host:port/0, rediss:// or unix:///socket."""
        return cls(url)

    @cached_property
    def _redis(self) -> "Redis":
        from redis import Redis

        return Redis.from_url(self.url, socket_timeout=30, socket_connect_timeout=5)

    def push(self, view: str, head: Callable[[], bytes], batches: Iterable[Sequence[OnlineRow]], *, whole: bool) -> int:
        """See ports.OnlineStore."""
        live, made = f"{PREFIX}:{view}", f"{PREFIX}:{view}:made"
        with self._told():
            lock = self._redis.lock(f"{PREFIX}:{view}:lock", timeout=PUSH_SECONDS)
            if not lock.acquire(blocking=False):
                raise StoreError(f"another push of {view} is under way", "wait until it has ended")
            try:
                self._redis.delete(made)
                if not whole:
                    self._redis.copy(live, made)
                written = 0
                for batch in batches:
                    for start in range(0, len(batch), CHUNK):
                        written += self._put(made, batch[start : start + CHUNK], whole)
                    lock.reacquire()
                with self._redis.pipeline() as commands:
                    commands.hset(made, HEAD, head())
                    commands.persist(made)
                    commands.rename(made, live)
                    commands.sadd(PREFIX, view)
                    commands.execute()
                return written
            finally:
                self._redis.delete(made)
                lock.release()

    def _put(self, made: str, rows: Sequence[OnlineRow], whole: bool) -> int:
        known: Sequence[Any] = [None] * len(rows)
        if not whole:
            known = self._redis.hmget(made, [row[0] for row in rows])
        fresh: dict[Any, Any] = {
            key: struct.pack(">q", event) + row
            for (key, event, row), old in zip(rows, known, strict=True)
            if old is None or struct.unpack(">q", old[:8])[0] <= event
        }
        if fresh:
            self._redis.hset(made, mapping=fresh)
            self._redis.expire(made, PUSH_SECONDS)
        return len(fresh)

    def read(self, view: str, keys: Sequence[str]) -> tuple[bytes | None, list[bytes | None]]:
        """See ports.OnlineStore."""
        with self._told():
            found: Any = self._redis.hmget(f"{PREFIX}:{view}", [HEAD, *keys])
        return found[0], [None if row is None else row[8:] for row in found[1:]]

    def rows(self, view: str) -> int:
        """See ports.OnlineStore."""
        with self._told():
            return max(int(self._redis.hlen(f"{PREFIX}:{view}")) - 1, 0)

    def scan(self, view: str) -> Iterator[tuple[str, bytes]]:
        """See ports.OnlineStore."""
        with self._told():
            for key, row in self._redis.hscan_iter(f"{PREFIX}:{view}", count=CHUNK):
                if key:
                    yield key.decode(), row[8:]

    def remove(self, view: str, keys: Sequence[str]) -> int:
        """See ports.OnlineStore."""
        with self._told():
            gone: Any = self._redis.hdel(f"{PREFIX}:{view}", *keys) if keys else 0
        return int(gone)

    def views(self) -> list[str]:
        """See ports.OnlineStore."""
        with self._told():
            names: Any = self._redis.smembers(PREFIX)
        return sorted(name.decode() for name in names)

    def drop(self, view: str) -> None:
        """See ports.OnlineStore."""
        with self._told(), self._redis.pipeline() as commands:
            commands.delete(f"{PREFIX}:{view}")
            commands.srem(PREFIX, view)
            commands.execute()

    def close(self) -> None:
        """See ports.OnlineStore."""
        if "_redis" in self.__dict__:
            self._redis.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        from redis.exceptions import RedisError

        try:
            yield
        except RedisError as error:
            where, reason = redact(self.url), scrub(str(error), self.url)
            raise StoreError(f"the online store {where} refused: {reason}", "look at HEDDLE_ONLINE") from None
