"""Where the browser of the end-to-end tests is: the system's Chromium or Chrome, else Playwright's own.

First the one that never opens a window, which has less to do. scripts/browser.sh reads the names here.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> Path | None:
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


if __name__ == "__main__":
    sys.exit(0 if find_browser() else 1)
