#!/bin/sh
# A browser for the end-to-end tests: nothing to do when there is one, else it installs one and says so.
set -eu
cd "$(dirname "$0")/.."

found() { .venv/bin/python -m tests.browser; }

! found > /dev/null 2>&1 || exit 0
if [ "$(id -u)" -eq 0 ] && grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then
    echo "Installing Debian's Chromium for the browser tests."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-liberation > /dev/null
else
    echo "Installing Playwright's Chromium for the browser tests."
    .venv/bin/python -m playwright install chromium
fi
found > /dev/null || { echo "No browser for the tests: install chromium and run make again." >&2; exit 1; }
