"""What `portal demo` prints once it serves: addresses, accounts, and commands to try with the answers to expect."""

import re
import shlex
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from portal.demonstration.drafts import SHANGHAI
from portal.demonstration.surroundings import Surroundings
from portal.demonstration.tries import TRIES, Try
from portal.errors import Language, Text
from portal.identity.registry import Registry
from portal.policies.information_point import PortalContent
from portal.resolvers.sign_in_desk import SIGN_IN_PATH

USUAL_PORT = 8000
_INDENT = "   "


def render_greeting(content: PortalContent, around: Surroundings, language: Language) -> str:
    """Return the whole greeting, lines of up to about 100 columns."""
    parts = [_heading(content, around)]
    if holds_demonstration(content.registry):
        parts += [_accounts(content.registry, around), _preparation(around)]
        parts += [_try(number, each, around, language) for number, each in enumerate(TRIES, start=1)]
        parts.append(_explanation(around))
    else:
        parts.append([Text(en="It holds another bundle than the demonstration's.", zh="其中装载的不是演示数据包。")])
    parts.append([Text(en="Ctrl-C stops it.", zh="按 Ctrl-C 停止。")])
    return "\n\n".join("\n".join(line.render(language) for line in part) for part in parts) + "\n"


def embolden(greeting: str) -> str:
    """Return the greeting with its headings, which alone aren't indented, bold on a terminal."""
    return re.sub(r"^(?=\S).*$", "\x1b[1m\\g<0>\x1b[0m", greeting, flags=re.MULTILINE)


def holds_demonstration(registry: Registry) -> bool:
    """Return whether every application that is to try something is registered."""
    return all(each.application in registry.applications for each in TRIES if each.application is not None)


def _same(line: str) -> Text:
    return Text(en=line, zh=line)


def _heading(content: PortalContent, around: Surroundings) -> list[Text]:
    entries = [state for state in content.entries if not state.removed]
    rows = sum(state.table.row_count for state in entries)
    moved = around.port != USUAL_PORT
    moved_en = f"   (port {USUAL_PORT} is taken)" if moved else ""
    moved_zh = f"   （端口 {USUAL_PORT} 已被占用）" if moved else ""
    return [
        _same(content.title),
        _same(""),
        Text(
            en=f"   GraphQL   {around.address}/graphql{moved_en}", zh=f"   GraphQL   {around.address}/graphql{moved_zh}"
        ),
        Text(en=f"   Pages     {around.address}/, in a browser", zh=f"   页面      {around.address}/，在浏览器中打开"),
        Text(
            en=f"   Sign in   {around.address}{SIGN_IN_PATH}, as one of the users below",
            zh=f"   登录      {around.address}{SIGN_IN_PATH}，可选择下列任一用户",
        ),
        Text(en=f"   Profile   {content.profile}", zh=f"   规章配置  {content.profile}"),
        Text(
            en=f"   Content   {len(entries)} catalog entries, {rows:,} rows; all synthetic but the divisions,",
            zh=f"   内容      目录条目 {len(entries)} 个，数据 {rows:,} 行；除区划外均为合成数据，",
        ),
        Text(
            en="             which are those of the National Bureau of Statistics, 2023",
            zh="             区划取自国家统计局 2023 年统计用区划代码",
        ),
    ]


def _accounts(registry: Registry, around: Surroundings) -> list[Text]:
    def department_name(code: str) -> str:
        return next(each.name for each in registry.departments.values() if each.code == code)

    applications = [(each.id, each.name, department_name(each.department)) for each in registry.applications.values()]
    users = [(each.id, each.name, department_name(each.department)) for each in registry.users.values()]
    end = around.tokens_end_at.astimezone(SHANGHAI)
    return [
        Text(en="Applications", zh="应用"),
        *_table(applications),
        _same(""),
        Text(en="Users", zh="用户"),
        *_table(users),
        _same(""),
        Text(
            en=f"   Tokens: {around.files}/*.headers, good until {end:%Y-%m-%d %H:%M} (Beijing). A new one:",
            zh=f"   令牌：{around.files}/*.headers，有效至 {end:%Y-%m-%d %H:%M}（北京时间）。另行签发：",
        ),
        _same(f"   {around.portal} token --application ID"),
        _same(f"   {around.portal} token --user ID"),
    ]


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[Text]:
    widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        yield _same((_INDENT + "  ".join(cells)).rstrip())


def _preparation(around: Surroundings) -> list[Text]:
    return [
        Text(en="To try, open another terminal:", zh="请另开一个终端，依次试用："),
        _same(""),
        _same(f"{_INDENT}cd {shlex.quote(str(around.folder))}"),
        *(_same(f"{_INDENT}export {name}={shlex.quote(value)}") for name, value in around.exports),
    ]


def _try(number: int, each: Try, around: Surroundings, language: Language) -> list[Text]:
    answer = Text(en="Answer:", zh="应答：")
    if '"errors"' in each.answer:
        answer = Text(en="Answer, without its message:", zh="应答（略去说明）：")
    return [
        _same(f"{number}  {each.title.render(language)}"),
        *_indented(each.reason.render(language).strip()),
        _same(""),
        *_indented(each.document),
        _same(""),
        *_indented("\n".join(_commands(each, around))),
        _same(""),
        *_indented(answer.render(language)),
        *_indented(each.answer),
    ]


def _indented(text: str) -> Iterator[Text]:
    return (_same(_INDENT + line) for line in text.splitlines())


def _commands(each: Try, around: Surroundings) -> Iterator[str]:
    document = shlex.quote(str(around.document_file(each)))
    headers = "" if each.application is None else f" -H @{shlex.quote(str(around.headers_file(each)))}"
    asker = "--public" if each.application is None else f"--application {each.application}"
    yield f"curl -sG {around.address}/graphql{headers} \\"
    # An answer doesn't end its line; the shell's prompt would stand behind it.
    yield f"     --data-urlencode query@{document} -w '\\n'"
    yield f"{around.portal} query {asker} {document}"


def _explanation(around: Surroundings) -> list[Text]:
    subject = "--application school-enrolment --resource 303001001/00001"
    return [
        Text(en="Why, item by item: the purpose refused, the one agreed on", zh="逐项说明：被拒绝的用途，约定的用途"),
        _same(""),
        *(
            _same(_INDENT + line)
            for purpose in ("work_reference", "verification")
            for line in (
                f"{around.portal} explain {subject} \\",
                f"     --purpose {purpose} --item name --item address",
            )
        ),
    ]
