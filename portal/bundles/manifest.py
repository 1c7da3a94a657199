"""bundle.toml: the profile and the title of a portal."""

import json
import tomllib
from dataclasses import dataclass

from portal.errors import ConfigurationError, Fault, Text
from portal.json_text import NotJson, decode_text
from portal.regulations.profiles import Profile, load_profile, profile_names

MANIFEST = "bundle.toml"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What bundle.toml says. `profile` is None where it names none that is known."""

    profile: Profile | None
    title: str


def parse_manifest(content: bytes | None) -> tuple[Manifest, list[Fault]]:
    """Return what the file says, and every fault in it; `content` is None where there is no file."""
    if content is None:
        return Manifest(None, ""), [_fault("", Text(en="the file is missing", zh="缺少该文件"))]
    try:
        members = tomllib.loads(decode_text(content))
    except NotJson as refused:
        return Manifest(None, ""), [Fault(MANIFEST, refused.line, "", refused.what, refused.mend)]
    except (ValueError, RecursionError) as refused:
        what = Text(en=f"this is no TOML: {refused}", zh=f"不是合法的 TOML：{refused}")
        return Manifest(None, ""), [_fault("", what)]
    faults = [
        _fault(key, Text(en=f"unknown key `{key}`", zh=f"未知的键 `{key}`"))
        for key in members
        if key not in ("profile", "title")
    ]
    return Manifest(_profile(members.get("profile"), faults), _title(members.get("title"), faults)), faults


def render_manifest(profile: str, title: str) -> str:
    """Return the file that says so."""
    return f"profile = {_toml_text(profile)}\ntitle = {_toml_text(title)}\n"


def _toml_text(text: str) -> str:
    # A TOML string is a JSON string, but for DEL, which it doesn't take as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _fault(key: str, what: Text) -> Fault:
    mend = Text(
        en='write `profile = "nantong-2015"` and `title = "…"`', zh='请填写 `profile = "nantong-2015"` 和 `title = "…"`'
    )
    return Fault(MANIFEST, None, key, what, mend)


def _profile(name: object, faults: list[Fault]) -> Profile | None:
    try:
        return load_profile(str(name))
    except ConfigurationError:
        known = profile_names()
        what = Text(en=f"unknown profile `{name}`", zh=f"未知的制度配置 `{name}`")
        mend = Text(en=f"write one of {', '.join(known)}", zh=f"请填写其中之一：{'、'.join(known)}")
        faults.append(Fault(MANIFEST, None, "profile", what, mend))
        return None


def _title(title: object, faults: list[Fault]) -> str:
    if isinstance(title, str) and title and "\0" not in title:
        return title
    faults.append(_fault("title", Text(en="the title is missing, or no text", zh="缺少标题，或标题不是文本")))
    return ""
