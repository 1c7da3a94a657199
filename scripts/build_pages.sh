#!/bin/sh
# Builds the pages into frontend/dist: `scripts/build_pages.sh`; with arguments, runs that script of frontend/package.json
# instead. Packages are exactly those of the lock, each checked against its hash.
set -eu
cd "$(dirname "$0")/../frontend"
PATH="$PWD/../.venv/bin:$PATH"
# Node trusts whom the system trusts, where a network has an authority of its own.
export PATH NODE_USE_SYSTEM_CA=1 npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false

# Two runs at the same time would take packages from under each other.
exec 9>.build-lock
if command -v flock >/dev/null; then flock 9; fi

if ! cmp -s package-lock.json node_modules/.installed; then
    npm ci --ignore-scripts --loglevel=error
    cp package-lock.json node_modules/.installed
fi
if [ $# -gt 0 ]; then exec npm run --silent "$@" 9>&-; fi
npm run --silent build
touch dist/index.html
