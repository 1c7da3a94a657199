"""The public pages as readable HTML without JavaScript: what stands in a page's root until a browser's program starts.

Each function returns a title, links for the head and a body. # INVARIANT: every text that a person wrote is escaped
here, and nothing in it is a script, a style or an address of elsewhere but the licence that is set.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from portal.catalog.entries import InformationItem
from portal.errors import Language, Text
from portal.exchange.formats import Format
from portal.open_data.addresses import (
    ATOM_PATH,
    CATALOG_PATH,
    GRAPHQL_PATH,
    JSON_LD_PATH,
    TURTLE_PATH,
    file_path,
    page_path,
    paged,
)
from portal.open_data.paging import Page
from portal.open_data.plain_text import clean, marked_up
from portal.open_data.reading import DataSet, OpenCatalog
from portal.open_data.wording import CATALOG_DESCRIPTION, CYCLE_NAMES, FORMAT_NAMES, TYPE_NAMES

NEWEST_SHOWN = 10
LISTED = 20
"""Data sets on a page of the list."""
_ZONE = ZoneInfo("Asia/Shanghai")
_EXAMPLE_ROWS = 10
_TURTLE_TYPE, _JSON_LD_TYPE, _ATOM_TYPE = "text/turtle", "application/ld+json", "application/atom+xml"


@dataclass(frozen=True, slots=True)
class Fragment:
    """A page's parts: `title` is plain text, `head` the links of its head and `body` its content, both HTML.

    `is_there`: not of an address where the public finds nothing.
    """

    title: str
    head: str
    body: str
    is_there: bool = True


def render_start(catalog: OpenCatalog, language: Language) -> Fragment:
    """Return the start page: what this is, and the data sets that were updated last."""
    words = _Words(language)
    body = (
        f"<h1>{marked_up(catalog.title)}</h1>\n<p>{words(CATALOG_DESCRIPTION)}</p>\n"
        f'{_search("", words)}<p><a href="{CATALOG_PATH}">{words(_ALL)}</a> ({len(catalog.data_sets)})</p>\n'
        f"<h2>{words(_NEWEST)}</h2>\n{_list(catalog.newest[:NEWEST_SHOWN], words)}{_for_machines(words)}"
    )
    return Fragment(clean(catalog.title), _catalog_links(), body)


def render_list(catalog: OpenCatalog, page: Page[DataSet], search: str, language: Language) -> Fragment:
    """Return a page of the data sets; `search` is what they were searched for, empty for all."""
    words = _Words(language)
    heading = words(_CATALOG)
    counted = Text(en=f"{page.total} data sets", zh=f"共 {page.total} 个数据集")
    body = (
        f"<h1>{heading}</h1>\n{_search(search, words)}<p>{words(counted)}</p>\n{_list(page.listed, words)}"
        f"{_other_pages(page, search, words)}{_for_machines(words)}"
    )
    return Fragment(f"{_CATALOG.render(language)} · {clean(catalog.title)}", _catalog_links(), body)


def render_data_set(catalog: OpenCatalog, data_set: DataSet, licence: str | None, language: Language) -> Fragment:
    """Return the page of a data set; `licence` is the address of the licence of open data, None where none is set."""
    words, entry, path = _Words(language), data_set.entry, page_path(data_set.code)
    body = (
        f"<h1>{marked_up(entry.name)}</h1>\n<p>{marked_up(entry.abstract)}</p>\n"
        f"<dl>\n{''.join(_facts(data_set, licence, words))}</dl>\n"
        f"<h2>{words(_ITEMS)}</h2>\n{_item_table(data_set, words)}"
        f"{_files(data_set, words)}{_example(data_set, words)}"
        f'<h2>{words(_DESCRIPTIONS)}</h2>\n<ul><li><a href="{path}.jsonld">JSON-LD</a></li>'
        f'<li><a href="{path}.ttl">Turtle</a></li></ul>\n<p><a href="{CATALOG_PATH}">{words(_ALL)}</a></p>\n'
    )
    head = _alternate(_JSON_LD_TYPE, f"{path}.jsonld") + _alternate(_TURTLE_TYPE, f"{path}.ttl")
    return Fragment(f"{clean(entry.name)} · {clean(catalog.title)}", head + _alternate(_ATOM_TYPE, ATOM_PATH), body)


def render_nothing(catalog: OpenCatalog, language: Language) -> Fragment:
    """Return the page where no open data set is: whether there is an entry that isn't open looks alike."""
    words = _Words(language)
    body = f'<h1>{words(_NOTHING)}</h1>\n<p>{words(_SIGN_IN)}</p>\n<p><a href="{CATALOG_PATH}">{words(_ALL)}</a></p>\n'
    return Fragment(f"{_NOTHING.render(language)} · {clean(catalog.title)}", "", body, is_there=False)


@dataclass(frozen=True, slots=True)
class _Words:
    """Writes the portal's own sentences in a language, as HTML."""

    language: Language

    def __call__(self, text: Text) -> str:
        """Return the sentence."""
        return marked_up(text.render(self.language))


_CATALOG = Text(en="Open data", zh="开放数据目录")
_ALL = Text(en="All data sets", zh="全部数据集")
_NEWEST = Text(en="Updated last", zh="最近更新")
_SEARCH = Text(en="Search", zh="搜索")
_EMPTY = Text(en="There is no such data set.", zh="没有符合条件的数据集。")
_PREVIOUS, _NEXT = Text(en="Previous page", zh="上一页"), Text(en="Next page", zh="下一页")
_ITEMS, _DESCRIPTIONS = Text(en="Items", zh="信息项"), Text(en="Descriptions for machines", zh="机器可读描述")
_FILES, _QUERY = Text(en="Files", zh="下载文件"), Text(en="Ask by GraphQL", zh="通过 GraphQL 查询")
_QUERY_HOW = Text(en="Send by POST to", zh="以 POST 发送至")
_FILES_HOW = Text(en="Each is whole, and as of the moment that you ask.", zh="每个文件均为请求时的完整数据。")
_NOTHING = Text(en="There is no open data set here", zh="此处没有开放数据集")
_SIGN_IN = Text(
    en="It may have been withdrawn, or be for departments alone; staff of departments sign in.",
    zh="该数据集可能已停止开放，或仅供部门共享；部门工作人员请登录。",
)
_HEADINGS = (
    Text(en="Item", zh="标识"),
    Text(en="Name", zh="名称"),
    Text(en="Type", zh="类型"),
    Text(en="Meaning", zh="说明"),
)
_PROVIDER, _CYCLE = Text(en="Provider", zh="提供方"), Text(en="Updated", zh="更新周期")
_LAST, _ISSUED = Text(en="Last update", zh="最近更新"), Text(en="Published", zh="发布日期")
_CODE, _KEYWORDS = Text(en="Code", zh="资源代码"), Text(en="Keywords", zh="关键词")
_CLASS, _LICENCE = Text(en="Class", zh="分类"), Text(en="Licence", zh="许可协议")
_CONDITION, _KEY = Text(en="Conditions of use", zh="开放条件"), Text(en="Key", zh="主键")


def _facts(data_set: DataSet, licence: str | None, words: _Words) -> Iterator[str]:
    entry = data_set.entry
    yield _fact(_PROVIDER, data_set.provider, words)
    yield _fact(_CODE, entry.code, words)
    yield _fact(_CYCLE, CYCLE_NAMES[entry.update_cycle].render(words.language), words)
    if data_set.updated_at is not None:
        yield _fact(_LAST, _moment(data_set), words)
    if entry.published_on is not None:
        yield _fact(_ISSUED, entry.published_on.isoformat(), words)
    if entry.classification:
        yield _fact(_CLASS, " / ".join(entry.classification), words)
    if entry.keywords:
        yield _fact(_KEYWORDS, " · ".join(entry.keywords), words)
    if entry.open_condition:
        yield _fact(_CONDITION, entry.open_condition, words)
    if data_set.shown_key:
        yield _fact(_KEY, ", ".join(data_set.shown_key), words)
    if licence is not None:
        address = marked_up(licence)
        yield f'<dt>{words(_LICENCE)}</dt><dd><a rel="license" href="{address}">{address}</a></dd>\n'


def _fact(name: Text, value: str, words: _Words) -> str:
    return f"<dt>{words(name)}</dt><dd>{marked_up(value)}</dd>\n"


def _moment(data_set: DataSet) -> str:
    at = data_set.updated_at
    return "" if at is None else at.astimezone(_ZONE).strftime("%Y-%m-%d %H:%M")


def _item_table(data_set: DataSet, words: _Words) -> str:
    head = "".join(f'<th scope="col">{words(heading)}</th>' for heading in _HEADINGS)
    rows = "".join(_item_row(item, words) for item in data_set.items)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"


def _item_row(item: InformationItem, words: _Words) -> str:
    cells = (item.name, TYPE_NAMES[item.type].render(words.language), item.description or "")
    return f"<tr><td><code>{marked_up(item.identifier)}</code></td>{''.join(map(_cell, cells))}</tr>\n"


def _cell(text: str) -> str:
    return f"<td>{marked_up(text)}</td>"


def _files(data_set: DataSet, words: _Words) -> str:
    if not data_set.transferred:
        return ""
    listed = "".join(
        f'<li><a href="{marked_up(file_path(data_set.entry.identifier, data_set.transferred, chosen))}">'
        f"{words(FORMAT_NAMES[chosen])}</a></li>"
        for chosen in Format
    )
    return f"<h2>{words(_FILES)}</h2>\n<p>{words(_FILES_HOW)}</p>\n<ul>{listed}</ul>\n"


def _example(data_set: DataSet, words: _Words) -> str:
    if not data_set.queried:
        return ""
    chosen = " ".join(data_set.queried)
    query = f"{{ shared {{ {data_set.entry.identifier}(first: {_EXAMPLE_ROWS}) {{ nodes {{ {chosen} }} }} }} }}"
    return (
        f"<h2>{words(_QUERY)}</h2>\n<p>{words(_QUERY_HOW)} <code>{GRAPHQL_PATH}</code></p>\n"
        f"<pre><code>{marked_up(query)}</code></pre>\n"
    )


def _list(data_sets: Sequence[DataSet], words: _Words) -> str:
    if not data_sets:
        return f"<p>{words(_EMPTY)}</p>\n"
    return f"<ul>\n{''.join(_line(data_set) for data_set in data_sets)}</ul>\n"


def _line(data_set: DataSet) -> str:
    entry = data_set.entry
    told = " · ".join(part for part in (data_set.provider, _moment(data_set)) if part)
    return (
        f'<li><h3><a href="{page_path(entry.code)}">{marked_up(entry.name)}</a></h3>'
        f"<p>{marked_up(entry.abstract)}</p><p>{marked_up(told)}</p></li>\n"
    )


def _search(search: str, words: _Words) -> str:
    return (
        f'<form action="{CATALOG_PATH}" method="get" role="search"><input type="search" name="q" '
        f'aria-label="{words(_SEARCH)}" value="{marked_up(search)}"><button>{words(_SEARCH)}</button></form>\n'
    )


def _other_pages(page: Page[DataSet], search: str, words: _Words) -> str:
    if page.pages == 1:
        return ""
    links = [
        f'<a rel="{relation}" href="{marked_up(paged(CATALOG_PATH, number, search))}">{words(text)}</a>'
        for relation, number, text in (("prev", page.number - 1, _PREVIOUS), ("next", page.number + 1, _NEXT))
        if 1 <= number <= page.pages
    ]
    return f"<nav>{' '.join([*links, f'{page.number}/{page.pages}'])}</nav>\n"


def _for_machines(words: _Words) -> str:
    links = (("JSON-LD", JSON_LD_PATH), ("Turtle", TURTLE_PATH), ("Atom", ATOM_PATH))
    listed = "".join(f'<li><a href="{path}">{name}</a></li>' for name, path in links)
    return f"<h2>{words(_DESCRIPTIONS)}</h2>\n<ul>{listed}</ul>\n"


def _catalog_links() -> str:
    described = ((_JSON_LD_TYPE, JSON_LD_PATH), (_TURTLE_TYPE, TURTLE_PATH), (_ATOM_TYPE, ATOM_PATH))
    return "".join(_alternate(kind, path) for kind, path in described)


def _alternate(kind: str, path: str) -> str:
    return f'<link rel="alternate" type="{kind}" href="{marked_up(path)}">\n'
