"""The few pages that the portal renders itself: a heading, sentences, a link; no script, nothing from elsewhere."""

from html import escape

from starlette.responses import Response

from portal.errors import Language, Text

_CONTENT_POLICY = "default-src 'none'; style-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _CONTENT_POLICY,
    "Content-Type": "text/html; charset=utf-8",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TAGS = {Language.ENGLISH: "en", Language.CHINESE: "zh-CN"}


def render_page(title: Text, body: str, language: Language, status: int = 200, *, go_to: str | None = None) -> Response:
    """Return a page whose body is HTML already; `go_to` is a path of this portal to which the browser goes on."""
    # The page goes on, and not the answer: a request that this site's page begins carries the session's cookie.
    refresh = "" if go_to is None else f'<meta http-equiv="refresh" content="0;url={escape(go_to)}">'
    heading = escape(title.render(language))
    page = (
        f'<!doctype html><html lang="{_TAGS[language]}"><head><meta charset="utf-8">{refresh}'
        f'<meta name="viewport" content="width=device-width"><title>{heading}</title></head>'
        f"<body><main><h1>{heading}</h1>{body}</main></body></html>"
    )
    return Response(page, status, headers={**_HEADERS, "Content-Language": language.value})


def paragraph(text: Text, language: Language) -> str:
    """Return a sentence as HTML."""
    return f"<p>{escape(text.render(language))}</p>"


def link(path: str, text: Text, language: Language) -> str:
    """Return a link to a path of this portal as HTML."""
    return f'<p><a href="{escape(path)}">{escape(text.render(language))}</a></p>'
