"""What a person does on the screens, by role and label, and pictures of what they see."""

import os
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PICTURES = Path(os.environ["STUDIO_PICTURES"]) if "STUDIO_PICTURES" in os.environ else None
# The word that the line is closed comes late, as it does where a page has much to do or the network is slow.
SLOW_LINE = Path(__file__).with_name("slow_line.js").read_text(encoding="utf-8")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
# Each is as wide as its place, and its legend stands above the picture.
CHARTS_FIT = """() => [...document.querySelectorAll('.chart')].every((chart) => {
  const box = (part) => chart.querySelector(part)?.getBoundingClientRect();
  const [drawn, legend, plot] = ['.main-svg', '.legend', '.nsewdrag'].map(box);
  if (!drawn || !chart.offsetWidth) return true;
  return Math.abs(drawn.width - chart.offsetWidth) <= 4 && !(legend && plot && legend.bottom > plot.top + 2);
})"""


def note_errors(page: Page, errors: list[str]) -> None:
    """Put down what goes wrong in the page's scripts, and what its content policy had to keep from it."""
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)


def open_tab(page: Page, name: str) -> None:
    """Click a tab; Gradio keeps an invisible copy of the row to measure it, so the last one is meant."""
    tab = page.get_by_role("tab", name=name, exact=True).last
    tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")


def selected(page: Page, name: str) -> Locator:
    """A tab, where it is the open one."""
    return page.get_by_role("tab", name=name, exact=True, selected=True).last


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


def picture(page: Page, name: str, *, phone: bool = True) -> None:
    """That the whole screen fits a desk and a phone, with its picture where pictures are wanted."""
    page.mouse.move(0, 0)
    _shoot(page, name)
    if phone:
        page.set_viewport_size(PHONE)
        page.wait_for_function("() => document.documentElement.scrollWidth <= window.innerWidth + 1")
        page.wait_for_function(CHARTS_FIT)
        _shoot(page, f"{name}-phone")
        page.set_viewport_size(DESK)
        page.wait_for_function(CHARTS_FIT)


def _shoot(page: Page, name: str) -> None:
    if PICTURES is not None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def bring_sample(page: Page, title: str) -> None:
    button(page, title).click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.get_by_text(re.compile("rows were understood|could not be used"))).to_be_visible()


def set_number(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=False).first
    field.fill(value)
    field.blur()


def set_advanced(page: Page, label: str, value: str) -> None:
    """Set a value that stands in the closed part of the recipe."""
    button(page, "Advanced").click()
    set_number(page, label, value)
    expect(page.get_by_text("Your own values.")).to_be_visible()
