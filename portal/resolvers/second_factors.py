"""Second factors as acts: every code that is tried is in the audit before its answer (T47, 8.1.4.1 d)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, assert_never

from portal.access.pipeline import Road
from portal.audit.records import Act, ActRecord, Outcome
from portal.errors import ErrorCode, Forbidden, Text
from portal.identity.second_factors import FactorRows, Verdict
from portal.json_text import JsonValue
from portal.vocabulary import UserId


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """The second factors of a portal, checked and recorded; made once a process."""

    road: Road
    rows: FactorRows

    async def check(self, user: UserId, code: str) -> None:
        """Take a code of the user's second factor, once on any worker. For what needs one anew each time.

        Raises: Forbidden, saying what to do; AuditUnavailable, PolicyUnavailable.
        """
        await self._judge(user, await asyncio.to_thread(self.rows.check, user, code, self.road.now()), "checked")

    async def propose(self, user: UserId, code: str | None) -> str:
        """Return a new secret for the user, whose first code confirms it; who has one gives a code of it.

        Raises: Forbidden.
        """
        if await asyncio.to_thread(self.rows.has_factor, user):
            if code is None:
                raise Forbidden(
                    Text(
                        en="you have a second factor; give a code of it as `code` to replace it, or have the system "
                        "administrator reset it",
                        zh="您已有第二因素；更换时请以 `code` 提供其验证码，或由系统管理员重置",
                    )
                )
            await self.check(user, code)
        secret = await asyncio.to_thread(self.rows.propose, user, self.road.now())
        await self._record(user, Act.FACTOR_ENROLLED, {"step": "proposed"})
        return secret

    async def show(self, user: UserId, code: str) -> None:
        """Take a code, of the secret that waits for its first one or else of the one that counts.

        Raises: Forbidden.
        """
        now = self.road.now()
        if not await asyncio.to_thread(self.rows.is_pending, user, now):
            await self.check(user, code)
            return
        verdict = await asyncio.to_thread(self.rows.confirm, user, code, now)
        if verdict is Verdict.TAKEN:
            await self._record(user, Act.FACTOR_ENROLLED, {"step": "confirmed"})
        else:
            await self._judge(user, verdict, "confirmed")

    async def reset(self, user: UserId) -> bool:
        """Take the user's second factor away; return whether there was one. The caller records it."""
        return await asyncio.to_thread(self.rows.remove, user)

    async def _judge(self, user: UserId, verdict: Verdict, step: str) -> None:
        if verdict is Verdict.TAKEN:
            await self._record(user, Act.FACTOR_SHOWN, {"step": step})
            return
        await self._record(user, Act.FACTOR_REFUSED, {"step": step, "verdict": verdict.value}, ErrorCode.FORBIDDEN)
        _refuse(verdict)

    async def _record(
        self, user: UserId, act: Act, details: Mapping[str, JsonValue], code: ErrorCode | None = None
    ) -> None:
        registered = (await self.road.keeper.current()).snapshot.registry.users.get(user)
        await self.road.recorder.record_act(
            ActRecord(
                time=self.road.now(),
                subject=f"user:{user}",
                department=None if registered is None else registered.department,
                application=None,
                user=user,
                act=act,
                target=f"user:{user}",
                decision=Outcome.PERMIT if code is None else Outcome.DENY,
                code=code,
                details=details,
            )
        )


def _refuse(verdict: Verdict) -> NoReturn:
    match verdict:
        case Verdict.LOCKED:
            text = Text(
                en="too many wrong codes; no code is taken for 15 minutes",
                zh="验证码错误次数过多；15 分钟内不再受理",
            )
        case Verdict.ABSENT:
            text = Text(
                en="you have no second factor; sign in and call `enrolSecondFactor` first",
                zh="您尚无第二因素；请登录后先调用 `enrolSecondFactor`",
            )
        case Verdict.WRONG | Verdict.TAKEN:
            text = Text(
                en="the code is wrong or was used before; wait for the next one, and see that your device's clock is "
                "right",
                zh="验证码错误或已使用；请等待下一个，并检查设备时钟",
            )
        case _:
            assert_never(verdict)
    raise Forbidden(text)
