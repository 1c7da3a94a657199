"""Statements of RDF, and their text as Turtle and as JSON-LD: both are the same graph.

Two writers of a few lines, because a library takes 24 MB, and five times as long or more, for what is written here:
names and literals alone, no blank nodes, no lists.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import orjson

PREFIXES: Mapping[str, str] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_TYPE = "rdf:type"
_ESCAPED = {
    "\\": "\\\\",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
_TO_ESCAPE = re.compile(r'[\\"\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]')
_KEPT_IN_IRI = "/:?#[]@!$&'()*+,;=~%-._"


@dataclass(frozen=True, slots=True)
class Iri:
    """A name. # INVARIANT: made by `iri`, so nothing in it ends the brackets that it stands in."""

    text: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A text in a language, or a value of a datatype (`xsd:date`); neither: a plain string."""

    text: str
    language: str | None = None
    datatype: str | None = None


Value = Iri | Literal
Statement = tuple[Iri, str, Value]
"""Subject, property as a prefixed name (`dct:title`), and value."""


def iri(text: str) -> Iri:
    """Return a name; whatever isn't plain ASCII, and what no name may hold, is percent-encoded."""
    return Iri(quote(text, safe=_KEPT_IN_IRI))


def term(name: str) -> Iri:
    """Return the name that a prefixed name of `PREFIXES` stands for, as in `dcat:Dataset`."""
    prefix, _, local = name.partition(":")
    return Iri(PREFIXES[prefix] + local)


def render_turtle(statements: Iterable[Statement]) -> bytes:
    """Return the statements as Turtle (RDF 1.1), in UTF-8, each subject once in the order of its first statement."""
    lines = [f"@prefix {prefix}: <{name}> ." for prefix, name in PREFIXES.items()]
    for subject, members in _by_subject(statements).items():
        said = [f"    {_predicate(name)} {', '.join(map(_turtle, values))}" for name, values in members.items()]
        lines.append(f"\n<{subject.text}>\n" + " ;\n".join(said) + " .")
    return ("\n".join(lines) + "\n").encode()


def render_json_ld(statements: Iterable[Statement]) -> bytes:
    """Return the statements as JSON-LD 1.1 with its context in it, each subject once."""
    graph = [
        {
            "@id": subject.text,
            **{_member(name): [_json(name, value) for value in values] for name, values in of.items()},
        }
        for subject, of in _by_subject(statements).items()
    ]
    return orjson.dumps({"@context": PREFIXES, "@graph": graph})


def _by_subject(statements: Iterable[Statement]) -> dict[Iri, dict[str, dict[Value, None]]]:
    """Return the values by subject and property, each once: what is said twice is one statement."""
    found: dict[Iri, dict[str, dict[Value, None]]] = {}
    for subject, name, value in statements:
        found.setdefault(subject, {}).setdefault(name, {})[value] = None
    return found


def _predicate(name: str) -> str:
    return "a" if name == _TYPE else name


def _turtle(value: Value) -> str:
    if isinstance(value, Iri):
        return f"<{value.text}>"
    quoted = f'"{_TO_ESCAPE.sub(_escape, value.text)}"'
    if value.language is not None:
        return f"{quoted}@{value.language}"
    return quoted if value.datatype is None else f"{quoted}^^{value.datatype}"


def _escape(found: re.Match[str]) -> str:
    return _ESCAPED.get(found[0]) or f"\\u{ord(found[0]):04X}"


def _member(name: str) -> str:
    return "@type" if name == _TYPE else name


def _json(name: str, value: Value) -> object:
    if isinstance(value, Iri):
        return value.text if name == _TYPE else {"@id": value.text}
    written = {"@value": value.text}
    if value.language is not None:
        return {**written, "@language": value.language}
    return written if value.datatype is None else {**written, "@type": value.datatype}
