"""A witness for other parties to run: keeps the checkpoints of one portal in a folder, and refuses another history."""

import asyncio
import json
import logging
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.audit.checkpoints import Checkpoint, is_signed, key_named
from portal.audit.witness_stores import (
    FolderWitness,
    WitnessRefusalError,
    WitnessUnreachableError,
    lost_until,
    parse_checkpoint,
    render_checkpoint,
)

_log = logging.getLogger("portal")


class WitnessDesk:
    """Takes checkpoints that one of `keys` signed, or a key to which such a checkpoint handed over."""

    def __init__(self, folder: Path, keys: Sequence[Ed25519PublicKey]) -> None:
        self._store = FolderWitness(folder)
        self._keys = list(keys)
        self._follow(self._store.keys_named())

    def _follow(self, named: Sequence[bytes]) -> None:
        if named:
            self._keys = [Ed25519PublicKey.from_public_bytes(named[-1])]

    def take(self, content: bytes) -> tuple[int, str]:
        """Keep a checkpoint; return the HTTP status and what to say."""
        try:
            checkpoint = parse_checkpoint(content)
        except ValueError:
            return 400, "not a checkpoint"
        if not is_signed(checkpoint, *self._keys) and not self._is_held(checkpoint):
            _log.error("a checkpoint %d that the portal's key did not sign was refused", checkpoint.number)
            return 403, "not signed with the portal's key"
        try:
            self._store.store([checkpoint])
        except WitnessRefusalError:
            _log.error("checkpoint %d doesn't follow those held: the log was forked or rewound", checkpoint.number)
            return 409, "another history than the one held"
        except WitnessUnreachableError as fault:
            _log.error("checkpoint %d can't be written: %s", checkpoint.number, fault)
            return 503, "can't be written"
        if lost := lost_until(checkpoint):
            _log.error("checkpoint %d states that checkpoints up to %d are lost in the portal", checkpoint.number, lost)
        named = key_named(checkpoint)
        self._follow([named] if named else [])
        return 200, "held"

    def _is_held(self, checkpoint: Checkpoint) -> bool:
        """Tell whether it is one of an earlier key that another worker told before."""
        newest = self._store.newest()
        return newest is not None and checkpoint.number <= newest.number and self._store.holds(checkpoint)

    def newest(self) -> bytes:
        """Return the newest checkpoint held, as JSON. Raises: WitnessUnreachableError."""
        found = self._store.newest()
        return b"null" if found is None else render_checkpoint(found)


def witness_application(folder: Path, keys: Sequence[Ed25519PublicKey]) -> Starlette:
    """Return the ASGI application of a witness: `GET` and `POST` on `/`."""
    desk, lock = WitnessDesk(folder, keys), asyncio.Lock()

    async def answer(request: Request) -> Response:
        if request.method != "POST":
            try:
                return Response(await asyncio.to_thread(desk.newest), media_type="application/json")
            except WitnessUnreachableError:
                return Response(status_code=503)
        content = await request.body()
        async with lock:
            status, words = await asyncio.to_thread(desk.take, content)
        return Response(json.dumps({"status": words}), status, media_type="application/json")

    return Starlette(routes=[Route("/", answer, methods=["GET", "POST"])])
