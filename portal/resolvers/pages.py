"""The few pages that the portal renders itself: a heading, sentences, a link; no script, nothing from elsewhere.

Their one style sheet is within the page, and the content policy names it by its hash: no other counts.
"""

from base64 import b64encode
from hashlib import sha256
from html import escape

from starlette.responses import Response

from portal.errors import Language, Text

_STYLE = (
    "body{margin:0;background:#f4f6f8;color:#1f2933;font:16px/1.6 system-ui,'PingFang SC','Microsoft YaHei',sans-serif}"
    "main{max-width:44rem;margin:8vh auto;padding:2rem;background:#fff;border-radius:8px}"
    "h1{margin-top:0;font-size:1.5rem}ul{padding:0;list-style:none}li{margin:.6rem 0}"
    "li form{display:flex;gap:1rem;flex-wrap:wrap;align-items:baseline;color:#52606d}"
    "button{padding:.5rem 1rem;border:1px solid #2b6cb0;border-radius:6px;background:#fff;color:#2b6cb0;font:inherit;"
    "cursor:pointer}button:hover,button:focus-visible{background:#2b6cb0;color:#fff}a{color:#2b6cb0}"
)
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_CONTENT_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
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
        f'<meta name="viewport" content="width=device-width"><title>{heading}</title><style>{_STYLE}</style></head>'
        f"<body><main><h1>{heading}</h1>{body}</main></body></html>"
    )
    return Response(page, status, headers={**_HEADERS, "Content-Language": language.value})


def paragraph(text: Text, language: Language) -> str:
    """Return a sentence as HTML; on a page it begins with a capital."""
    sentence = text.render(language)
    return f"<p>{escape(sentence[:1].upper() + sentence[1:])}</p>"


def link(path: str, text: Text, language: Language) -> str:
    """Return a link to a path of this portal as HTML."""
    return f'<p><a href="{escape(path)}">{escape(text.render(language))}</a></p>'
