"""Casbin inside: the two models, their predicates, and which records match; no stored text is evaluated."""

import logging
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Final

import casbin

from portal.catalog.entries import CatalogEntry, InformationItem
from portal.conditions.meaning import Attribute, bind_subject
from portal.errors import PolicyUnavailable, Text
from portal.policies.consistency import covers_item
from portal.policies.matching import (
    Request,
    allows_mode,
    is_in_period,
    meets,
    meets_condition,
    names_consumer,
    reaches_entry,
    serves_purpose,
    subject_attributes,
)
from portal.policies.records import ConsumerKind, PolicyRecord
from portal.resources import policy_models_folder
from portal.vocabulary import Environment, Subject


class ModelName(StrEnum):
    """A folder of `policy_models/`."""

    DEPARTMENT_SHARING = "department_sharing"
    OPEN_DATA = "open_data"


class AnyRow:
    """Stands for the row where scopes are left aside: the record could apply to some row."""


ANY_ROW: Final = AnyRow()
Row = Mapping[str, Attribute] | AnyRow


def model_of(subject: Subject) -> ModelName:
    """Return the model that decides for the subject."""
    return ModelName.OPEN_DATA if subject.is_public else ModelName.DEPARTMENT_SHARING


def model_path(name: ModelName) -> Path:
    """Return the path of the model file."""
    return policy_models_folder() / name / "model.conf"


def is_in_scope(record: PolicyRecord, subject: Subject, row: Row) -> bool:
    """Return whether the row lies in the record's scope; doubt closes an allow, and upholds a deny."""
    if record.scope is None or isinstance(row, AnyRow):
        return True
    return meets(record.effect, bind_subject(record.scope, subject_attributes(subject)), row)


def predicates(records: Sequence[PolicyRecord]) -> dict[str, Callable[..., bool]]:
    """Return the functions that the matchers name; a policy line holds the number of its record in `records`."""

    def on_record(predicate: Callable[..., bool]) -> Callable[..., bool]:
        def call(number: str, *rest: object) -> bool:
            # Where there is no line at all Casbin asks once, with an empty number: no record, so nothing applies.
            return number != "" and predicate(records[int(number)], *rest)

        return call

    def in_period(record: PolicyRecord, environment: Environment) -> bool:
        return is_in_period(record, environment.now)

    return {
        "is_public": lambda subject: subject.is_public,
        "is_published": lambda entry: entry.is_published,
        "reaches_entry": reaches_entry,
        "names_public": on_record(
            lambda record: record.consumer.kind is ConsumerKind.PUBLIC and not record.applications
        ),
        "names_consumer": on_record(names_consumer),
        "covers_item": on_record(covers_item),
        "allows_mode": on_record(allows_mode),
        "serves_purpose": on_record(serves_purpose),
        "is_in_period": on_record(in_period),
        "meets_condition": on_record(meets_condition),
        "in_scope": on_record(is_in_scope),
    }


def policy_line(number: int, record: PolicyRecord) -> list[str]:
    """Return the Casbin line of a record: its number, never its text, and its effect."""
    return [str(number), record.effect.value]


class _Enforcer(casbin.Enforcer):  # type: ignore[misc]  # Casbin has no types
    """Casbin's enforcer, but for parsing its matcher: that one does for each line anew, this one once.

    `ast.parse` of Python 3.11 can fail while another thread parses, and was most of what a decision cost.
    """

    def prepare(self) -> None:
        """Parse the matcher, once all functions are there."""
        matcher = self.model["m"]["m"].value
        self._parsed = {matcher: super()._get_expression(matcher, self.fm.get_functions())}

    def _get_expression(self, matcher: str, _functions: object) -> object:
        return self._parsed[matcher]


class Matcher:
    """Asks Casbin which of a few candidate records match a request. Safe to share between threads."""

    def __init__(self, name: ModelName) -> None:
        self._lock = Lock()
        self._records: list[PolicyRecord] = []
        self._enforcer = _Enforcer(str(model_path(name)))
        self._enforcer.logger = _silent_logger()
        for function_name, function in predicates(self._records).items():
            self._enforcer.add_function(function_name, function)
        self._enforcer.prepare()
        self._lines: list[list[str]] = self._enforcer.model["p"]["p"].policy

    def matching(
        self, candidates: Sequence[PolicyRecord], entry: CatalogEntry, item: InformationItem, request: Request
    ) -> tuple[PolicyRecord, ...]:
        """Return those of the candidates that match, scopes left aside, in their order: every one, not only the first.

        Raises: PolicyUnavailable where Casbin can't evaluate a record; it is never skipped.
        """
        with self._lock:
            try:
                return tuple(record for record in candidates if self._matches(record, entry, item, request))
            except Exception as failure:
                raise PolicyUnavailable(
                    Text(en="a policy record can't be evaluated", zh="有策略记录无法求值")
                ) from failure

    def _matches(self, record: PolicyRecord, entry: CatalogEntry, item: InformationItem, request: Request) -> bool:
        self._records[:] = [record]
        self._lines[:] = [policy_line(0, record)]
        _, line = self._enforcer.enforce_ex(request.subject, entry, item, request.action, request.environment, ANY_ROW)
        return bool(line)


def _silent_logger() -> logging.Logger:
    """Return a logger that says nothing: Casbin writes each decision with its values otherwise."""
    logger = logging.getLogger("portal.casbin")
    logger.disabled = True
    return logger
