"""The business case and the person that a request names: read from a header or an argument (FJ-28)."""

from collections.abc import Collection, Mapping

from portal.conditions.values import check_text
from portal.errors import BadInput, Text
from portal.vocabulary import UNSTATED, CaseReference

CASE, OPERATOR = "case", "operator"
"""Names of the headers and of the arguments; in the audit and in conditions they are called the same."""

LENGTH_LIMIT = 128


def read_reference(
    arguments: Mapping[str, object], stated: CaseReference = UNSTATED, taken: Collection[str] = ()
) -> CaseReference:
    """Return what a field's arguments and the request's headers (`stated`) say together.

    `taken` are the names that mean something else among the arguments. Raises: BadInput where both say something
    and not the same, or for a text that can't be recorded.
    """
    said = {name: parse_reference(name, arguments.get(name)) for name in (CASE, OPERATOR) if name not in taken}
    return CaseReference(
        case=_agreed(CASE, said.get(CASE), stated.case),
        operator=_agreed(OPERATOR, said.get(OPERATOR), stated.operator),
    )


def _agreed(name: str, argument: str | None, header: str | None) -> str | None:
    if argument is not None and header is not None and argument != header:
        raise BadInput(
            Text(
                en=f"the header `{name}` and the argument `{name}` differ; send one of them",
                zh=f"请求头 `{name}` 与参数 `{name}` 不一致；请只填写其一",
            )
        )
    return argument if header is None else header


def parse_reference(name: str, value: object) -> str | None:
    """Return the text of a case or operator, None where it is missing or empty. Raises: BadInput, naming `name`."""
    text = "" if value is None else str(value)
    try:
        check_text(text)
    except BadInput as refused:
        raise BadInput(Text(en=f"`{name}`: {refused.text.en}", zh=f"`{name}`：{refused.text.zh}")) from refused
    if len(text) > LENGTH_LIMIT or not text.isprintable() or text != text.strip():
        raise BadInput(
            Text(
                en=f"`{name}` must be up to {LENGTH_LIMIT} printable characters, without space before or behind",
                zh=f"`{name}` 应为至多 {LENGTH_LIMIT} 个可见字符，首尾不含空格",
            )
        )
    return text or None
