#!/bin/sh
# Makes .venv hold exactly what the locks name: `scripts/environment.sh runtime` or `scripts/environment.sh development`.
# Every package is checked against its hash, so it doesn't matter which index it came from.
set -eu
cd "$(dirname "$0")/.."

# Two runs of make at the same time would take packages from under each other.
exec 9>.venv-lock
if command -v flock >/dev/null; then flock 9; fi

python="${PYTHON:-$(command -v python3.11 || command -v python3 || true)}"

install_system_packages() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing system packages: $*" >&2
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } >&2 9>&- && return
    fi
    echo "the portal needs the system packages \`$*\`: install them (Debian: \`sudo apt install $*\`) and run make again" >&2
    exit 2
}

# Tests need programs that no lock brings: strace makes disks fail, FUSE lets them forget, libfaketime sets clocks,
# PostgreSQL is served to the portal, curl and Java run what is printed for developers, Chromium shows pages, nginx ends
# TLS before the portal, wrk asks as many at once. What they test is never left out.
missing=
need() { command -v "$1" >/dev/null || missing="$missing $2"; }
# What is no command, or lies where no PATH leads: any of the files named after the package.
need_file() {
    package="$1"
    shift
    for file; do [ ! -e "$file" ] || return 0; done
    missing="$missing $package"
}
if [ "$1" != runtime ]; then
    need strace strace
    need curl curl
    need wrk wrk
    need java default-jdk-headless
    need chromium chromium
    need fusermount fuse
    # Chinese as it is shown to people, for those who look at the pictures of pages.
    need_file fonts-noto-cjk /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
    need_file libfuse2 /lib/*/libfuse.so.2 /usr/lib/*/libfuse.so.2 /usr/local/lib/libfuse.so.2
    need_file libfaketime /usr/lib/*/faketime/libfaketime.so.1 /usr/local/lib/faketime/libfaketime.so.1
    need_file nginx /usr/sbin/nginx /usr/local/sbin/nginx /usr/bin/nginx /usr/local/bin/nginx
    command -v initdb >/dev/null || need_file postgresql /usr/lib/postgresql/*/bin/initdb
fi
# shellcheck disable=SC2086  # the list of packages is meant to split
[ -z "$missing" ] || install_system_packages $missing

if [ -z "$python" ]; then
    install_system_packages python3 python3-venv
    python="$(command -v python3)"
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "the portal needs Python 3.11 or newer and \`$python\` is older: name another one with \`make PYTHON=/path/to/python\`" >&2
    exit 2
fi
# Debian keeps ensurepip, without which a venv has no pip, in a package of its own.
"$python" -c 'import ensurepip' 2>/dev/null || install_system_packages python3-venv

# A checkout that was moved has a .venv whose scripts point at the old place.
if [ "$(cat .venv/.place 2>/dev/null)" != "$PWD" ] || ! .venv/bin/python -c '' 2>/dev/null; then
    rm -rf .venv
    "$python" -m venv .venv
    pwd >.venv/.place
fi

cmp -s requirements-tool.lock .venv/.tool ||
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tool.lock
cp requirements-tool.lock .venv/.tool

# uv doesn't read pip's settings. Where pip was told of an index or a certificate, uv has to use them too.
pip_setting() { .venv/bin/python -m pip config get "global.$1" 2>/dev/null || true; }
index="${PIP_INDEX_URL:-$(pip_setting index-url)}"
certificate="${PIP_CERT:-$(pip_setting cert)}"
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
[ -z "$certificate" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$certificate}"

uv() { .venv/bin/uv --quiet "$@" --python .venv/bin/python; }

locks=requirements.lock
[ "$1" = runtime ] || locks="$locks requirements-dev.lock"
# What comes as source is built with the lock's setuptools and nothing else, checked against its hash too.
# shellcheck disable=SC2086  # the list of locks is meant to split
# Compiled once here, as pip does: otherwise each start of a program compiles hundreds of modules, which takes seconds.
uv pip sync --compile-bytecode --require-hashes --build-constraints requirements-dev.lock $locks
uv pip install --no-deps --no-build-isolation --editable .

touch .venv/.runtime
[ "$1" = runtime ] || touch .venv/.development
