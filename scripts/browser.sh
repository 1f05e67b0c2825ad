#!/bin/sh
# What the tests need: .venv, and a browser, which is installed where there is none. Debian's does not wait for .venv.
set -eu
cd "$(dirname "$0")/.."

main() {
    debian=""
    if ! has_one && [ "$(id -u)" -eq 0 ] && grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then
        echo "Installing Debian's Chromium for the browser tests."
        from_debian & debian=$!
    fi
    scripts/setup.sh dev || { ended=$?; wait; exit "$ended"; }
    [ -z "$debian" ] || wait "$debian" || echo "Debian's Chromium could not be installed." >&2
    has_one && return
    echo "Installing Playwright's Chromium for the browser tests."
    .venv/bin/python -m playwright install chromium
    has_one || { echo "No browser for the tests: install chromium and run make again." >&2; exit 1; }
}

# The names stand in tests/browser.py, which knows where Playwright's own is as well, once there is a .venv.
has_one() {
    for name in $(sed -n 's/^NAMES = (\(.*\))$/\1/p' tests/browser.py | tr -d '",'); do
        ! command -v "$name" > /dev/null || return 0
    done
    .venv/bin/python -m tests.browser > /dev/null 2>&1
}

from_debian() {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium-headless-shell fonts-liberation > /dev/null
}

main
