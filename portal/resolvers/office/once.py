"""What several fields of one answer rest on, found out once where any of them is asked for."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

_Found = TypeVar("_Found")


@dataclass
class Once(Generic[_Found]):
    """Finds out something at the first wish for it; `known` is what was found out before, if anything."""

    find: Callable[[], Coroutine[Any, Any, _Found]]
    known: _Found | None = None
    _finding: "asyncio.Task[_Found] | None" = field(default=None, init=False)

    async def result(self) -> _Found:
        """Return what was found out; whoever asks meanwhile waits for the same. Raises: what finding it out does."""
        if self.known is not None:
            return self.known
        if self._finding is None:
            self._finding = asyncio.create_task(self.find())
        return await self._finding
