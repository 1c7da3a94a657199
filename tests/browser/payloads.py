"""Texts that would run in a page that takes them for markup, two hundred; each would count itself in `window.__ran`."""

from collections.abc import Iterator

COUNT = 200
_RUN = "window.__ran=(window.__ran||0)+1"
_ELEMENTS = ("img", "svg", "video", "audio", "body", "input", "details", "iframe", "object", "math", "marquee", "style")
_EVENTS = ("onload", "onerror", "onfocus", "onmouseover", "ontoggle", "onanimationstart", "onpointerenter", "onbegin")
_ENDS = (
    "</script>",
    "</style>",
    "</title>",
    "</textarea>",
    "</template>",
    "</noscript>",
    "-->",
    "]]>",
    "'}",
    '">',
    "'>",
)
_WHOLE = (
    "<script>{run}</script>",
    "<SCRIPT SRC=data:text/javascript,{run}></SCRIPT>",
    "<scr<script>ipt>{run}</scr</script>ipt>",
    "<iframe srcdoc='<script>parent.{run}</script>'>",
    "<a href='javascript:{run}'>x</a>",
    "[x](javascript:{run})",
    "![x](x' onerror='{run})",
    "javascript:{run}",
    "<object data='javascript:{run}'></object>",
    "<form action='javascript:{run}'><button autofocus>x</button></form>",
    "<meta http-equiv=refresh content='0;url=javascript:{run}'>",
    "<base href='javascript:{run}//'>",
    "<link rel=stylesheet href='data:text/css,*{{background:url(javascript:{run})}}'>",
    "<style>@import 'javascript:{run}';</style>",
    "<div style='background:url(javascript:{run})'>",
    "<svg><animate onbegin={run} attributeName=x dur=1s>",
    "<svg><script>{run}</script></svg>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror={run}></style></mglyph></math>",
    "<template><script>{run}</script></template>",
    "<noscript><p title='</noscript><img src=x onerror={run}>'>",
    "{{{{constructor.constructor('{run}')()}}}}",
    "${{{run}}}",
    "#{{{run}}}",
    "<%= {run} %>",
    "$t({run})",
    "{{{{run}}}}{{{{{run}}}}}",
    "&lt;script&gt;{run}&lt;/script&gt;",
    "&#60;img src=x onerror={run}&#62;",
    "%3Cscript%3E{run}%3C/script%3E",
    "\\u003cscript\\u003e{run}\\u003c/script\\u003e",
    "`;{run};`",
    "';{run};//",
    '";{run};//',
    "<xmp><p title='</xmp><script>{run}</script>'>",
    "<?xml-stylesheet href='javascript:{run}'?>",
    "<!ENTITY x '{run}'>&x;",
    '{{"@context": "javascript:{run}"}}',
    '=HYPERLINK("javascript:{run}")',
    "<b onclick={run} tabindex=0 autofocus>x",
    "<input autofocus onfocus={run}>",
)


def payloads() -> tuple[str, ...]:
    """Return them, each unlike the others."""
    found = tuple(dict.fromkeys(f"{number}:{text}" for number, text in enumerate(_written(), start=1)))[:COUNT]
    assert len(found) == COUNT
    return found


def _written() -> Iterator[str]:
    for text in _WHOLE:
        yield text.format(run=_RUN)
    for element in _ELEMENTS:
        for event in _EVENTS:
            yield f"<{element} src=x {event}={_RUN}>"
    for end in _ENDS:
        yield f"{end}<script>{_RUN}</script>"
        yield f"{end}<img src=x onerror={_RUN}>"
        yield f'x" {end}onmouseover="{_RUN}" y="'
        yield f"x' {end} autofocus onfocus='{_RUN}' y='"
        yield f"{end}<svg/onload={_RUN}>"
        yield f"{end}<details open ontoggle={_RUN}>"
