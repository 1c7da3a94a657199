"""What the command line does with a portal in its own process, as a registered person: the same steps as over the API.

Whoever can run it here can read the portal's keys, so it takes the person's word for who they are; a second factor is
asked for where the person has one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

from portal.access.asker import Asker, identify
from portal.administration.acts import Person
from portal.app import Portal, open_portal
from portal.errors import BadInput, Text, Unauthenticated
from portal.identity.claims import SubjectKind, TokenClaims
from portal.policies.duties import Actor
from portal.settings import Settings

_END = datetime.max.replace(tzinfo=UTC)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts at the command line, and the code of their second factor, empty where none was given."""

    user: str
    code: str = ""


async def act(settings: Settings, acting: Acting, do: Callable[[Portal, Person], Awaitable[_Result]]) -> _Result:
    """Open the portal, do it as the person, and return what comes of it. Raises: BadInput for who isn't registered."""
    async with open_portal(settings) as portal:
        claims = TokenClaims(SubjectKind.USER, acting.user, None, None, _END, uuid4().hex)
        asker = Asker(claims, None, uuid4().hex, has_second_factor=True)
        point = await portal.road.keeper.current()
        try:
            subject, _ = identify(asker, point.snapshot.registry)
        except Unauthenticated:
            raise BadInput(
                Text(
                    en=f"`{acting.user}` isn't registered as a user; name one who is, with `--by`",
                    zh=f"`{acting.user}` 不是已登记的用户；请用 `--by` 指明已登记的用户",
                )
            ) from None
        person = Person(Actor(subject, confirmed=True), asker)
        factors = portal.endpoint.office.second_factors
        # Who has none yet is taken at their word: an emergency waits for no enrolment.
        if await asyncio.to_thread(factors.rows.has_factor, person.id):
            if not acting.code:
                # Not a wrong code: who forgets it five times isn't locked out.
                raise BadInput(
                    Text(
                        en="give the code of your second factor, with `--code`", zh="请用 `--code` 提供第二因素的验证码"
                    )
                )
            await factors.check(person.id, acting.code)
        return await do(portal, person)
