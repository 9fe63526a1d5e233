"""Pages that wait for a source's database: few at a time and not for ever, so that all other pages go on meanwhile."""

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

from core.errors import SourceError

if TYPE_CHECKING:
    from anyio import CapacityLimiter

PATHS = {"/source", "/remote", "/remote/change"} | {
    f"/dimension{part}" for part in ("", "/row", "/remove", "/import", "/export", "/clear", "/create", "/define")
}
LONG = {"/dimension/export"}  # which takes as long as the table is
AT_ONCE = 8  # of the forty threads of the server
PATIENCE = 30.0  # seconds that a page waits, its turn included
P = ParamSpec("P")
T = TypeVar("T")


class Distant:
    """Runs what pages do in threads.

    Args:
        patience: seconds after which a page of a source says that the source does not answer.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience

    @cached_property
    def _turns(self) -> "CapacityLimiter":
        from anyio import CapacityLimiter

        return CapacityLimiter(AT_ONCE)

    async def shown(self, path: str, page: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a page shows. Its thread is left behind when the source does not answer; drivers end it.

        Raises:
            SourceError: the source does not answer in time.
        """
        if path not in PATHS:
            return await run_in_threadpool(page, *args, **kwargs)
        if path in LONG:
            return await self.done(path, page, *args, **kwargs)
        from anyio import move_on_after
        from anyio.to_thread import run_sync

        with move_on_after(self._patience):
            return await run_sync(partial(page, *args, **kwargs), abandon_on_cancel=True, limiter=self._turns)
        raise SourceError(
            f"the source does not answer within {self._patience:g} seconds", "look whether it runs, and try again"
        )

    async def done(self, path: str, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What an action does; nobody goes away from one that has begun."""
        if path not in PATHS:
            return await run_in_threadpool(action, *args, **kwargs)
        from anyio.to_thread import run_sync

        return await run_sync(partial(action, *args, **kwargs), limiter=self._turns)
