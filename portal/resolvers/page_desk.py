"""What answers the addresses of pages: the shell, with what the public may read there for who reads without scripts."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.access.snapshots import SnapshotKeeper
from portal.catalog.codes import is_resource_code
from portal.errors import Language, PortalError
from portal.resolvers.observing import observation_of
from portal.resolvers.open_data_desk import OpenDataDesk
from portal.resolvers.over_http import NotAnOperation
from portal.resolvers.routing import READ_METHODS, route
from portal.resolvers.site import ASSET_PATH, ICON_PATH, PAGE_PATHS, PUBLIC_PATHS, Facts, Site, Told


@dataclass(frozen=True, slots=True)
class PageDesk:
    """Tells pages what they are told; `names_accounts` in a demonstration, where accounts have no password."""

    keeper: SnapshotKeeper
    open_data: OpenDataDesk
    names_accounts: bool

    async def tell(self, request: Request, language: Language) -> Told:
        """Return what a page is told, and its content where the public may read something at its address."""
        fragment = None
        if observation_of(request).route in PUBLIC_PATHS:
            # Why there is no content a page says itself, when it asks.
            with suppress(NotAnOperation, PortalError):
                fragment = await self.open_data.page_fragment(request, language)
        # What the public doesn't find, who is signed in may.
        is_found = fragment is None or fragment.is_there or bool(request.headers.getlist("cookie"))
        return Told(await self._facts(language), fragment, 200 if is_found else 404)

    async def _facts(self, language: Language) -> Facts:
        if not self.names_accounts:
            return Facts(language)
        try:
            registry = (await self.keeper.current()).snapshot.registry
        except PortalError:
            return Facts(language, demonstration=True)
        accounts = sorted(registry.users.values(), key=lambda user: user.id)
        named = tuple({"id": user.id, "name": user.name, "roles": sorted(user.roles)} for user in accounts)
        return Facts(language, demonstration=True, accounts=named)


def _is_plain(parameters: Mapping[str, str]) -> bool:
    """Return whether the address of a data set names a code as codes are."""
    return "number" not in parameters or is_resource_code("{base}/{number}".format(**parameters))


def page_routes(site: Site, desk_of: Callable[[Request], PageDesk]) -> Iterator[Route]:
    """Yield the routes of pages and of what they are made of."""

    def tell(request: Request) -> Callable[[Language], Awaitable[Told]]:
        return lambda language: desk_of(request).tell(request, language)

    async def answer_page(request: Request) -> Response:
        # The router takes a path that ends with a line feed for the one without.
        if request.scope["path"].endswith("\n") or not _is_plain(request.path_params):
            raise HTTPException(404)
        return await site.answer_page(request, tell(request))

    for path in PAGE_PATHS:
        yield route(path, READ_METHODS, answer_page)
    yield route(ASSET_PATH, READ_METHODS, site.answer_asset)
    yield route(ICON_PATH, READ_METHODS, site.answer_icon)
