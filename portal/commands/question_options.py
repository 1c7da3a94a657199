"""The options of questions on policies; everything is text until a command has parsed it."""

from dataclasses import dataclass, field
from typing import Annotated

from typer import Argument, Option

from portal.commands.office_options import ActingOptions

_At = Annotated[str, Option("--at", metavar="TIME", help="As 2026-01-31T08:00:00+08:00; left out: now.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoOptions(ActingOptions):
    """What `portal who` is told."""

    resource: Annotated[str, Argument(metavar="CODE", help="The entry's code in the catalog.")]
    items: Annotated[list[str], Argument(metavar="ITEM", help="The items.")] = field(default_factory=list)
    at: _At = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatOptions(ActingOptions):
    """What `portal what` is told."""

    application: Annotated[str, Option("--application", metavar="ID", help="Of this registered application.")] = ""
    user: Annotated[str, Option("--user", metavar="ID", help="Of this registered user.")] = ""
    public: Annotated[bool, Option("--public", help="Of the public, without department.")] = False
    department: Annotated[str, Option("--department", metavar="CODE", help="Of somebody supposed, of this one.")] = ""
    level: Annotated[str, Option("--level", metavar="N", help="The level of somebody supposed, 0 to 3.")] = ""
    zone: Annotated[str, Option("--zone", metavar="Z", help="Their zone: `government` or `internet`.")] = ""
    matter: Annotated[
        str, Option("--matter", metavar="X", help="The business matter that they are registered for.")
    ] = ""
    at: _At = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyOptions(ActingOptions):
    """What `portal why` is told."""

    receipt: Annotated[str, Argument(metavar="RECEIPT", help="The receipt of a refused request.")]
