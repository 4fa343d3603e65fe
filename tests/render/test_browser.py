"""The HTML plan in a real browser: it loads without complaint, filters ten thousand changes, obeys the keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from qboxctl.render import plan_html
from qboxctl.resources import TYPES
from tests.support.plans import plan_of

webdriver = pytest.importorskip("selenium.webdriver")
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="chromium and chromedriver are not installed"),
]
QUIET = (
    "headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking",
    "disable-component-update", "disable-sync", "window-size=1100,900",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for word in QUIET:
        options.add_argument(f"--{word}")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, tmp_path) -> Any:
    """Opens a plan of so many changes."""

    def open_plan(counts: dict[str, int], text: str = "Ada") -> Any:
        path = tmp_path / "plan.html"
        path.write_text(plan_html.render(plan_of(counts, text), TYPES), encoding="utf-8")
        browser.get(path.as_uri())
        assert browser.get_log("browser") == []  # nothing blocked by the page's own policy, nothing broken
        return browser

    return open_plan


def shown(browser: Any) -> int:
    return browser.execute_script(
        "return [...document.querySelectorAll('ul.changes > li')].filter(one => one.offsetParent).length"
    )


def status(browser: Any) -> str:
    return browser.find_element("css selector", "output").text


def type_in(browser: Any, text: str) -> None:
    """Search, as keys would, and let the page draw."""
    browser.execute_async_script(
        """const field = document.forms[0].elements.search, done = arguments[1];
        field.value = arguments[0];
        field.dispatchEvent(new Event('input', {bubbles: true}));
        requestAnimationFrame(() => requestAnimationFrame(done));""",
        text,
    )


def test_ten_thousand_changes_are_searched(page):
    browser = page({"create": 9_000, "update": 900, "delete": 100})
    assert status(browser) == "10000 changes"
    assert 0 < shown(browser) <= 200
    first = browser.find_element("css selector", "ul.changes > li").text
    assert "delete" in first
    assert "its mail is lost for good" in first
    browser.find_element("id", "more").click()
    assert shown(browser) == 400
    type_in(browser, "USER000123")
    assert status(browser) == "1 of 10000 changes"
    assert shown(browser) == 1
    type_in(browser, "nobody")
    assert shown(browser) == 0
    assert browser.find_element("id", "none").is_displayed()


def test_filters_and_keys(page):
    browser = page({"create": 3, "update": 2, "delete": 1})
    body = browser.find_element("tag name", "body")
    body.send_keys("/")
    assert browser.switch_to.active_element.get_attribute("name") == "search"
    browser.switch_to.active_element.send_keys("user000001")
    type_in(browser, "user000001")
    assert shown(browser) == 1
    browser.switch_to.active_element.send_keys("\ue00c")
    type_in(browser, "")
    assert shown(browser) == 6
    browser.find_element("css selector", "input[value=create]").click()
    type_in(browser, "")
    assert shown(browser) == 3
    names = [one.accessible_name for one in browser.find_elements("css selector", "input, select")]
    assert all(names), names


def test_what_the_account_says_is_not_run(page):
    text = "</li><script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
    browser = page({"create": 1, "delete": 1}, text)
    assert browser.title.startswith("qboxctl plan")
    assert "<script>" in browser.find_element("css selector", "dl").text


def test_it_prints_whole_and_works_without_a_script(page):
    browser = page({"create": 500})
    assert shown(browser) == 200
    browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert shown(browser) == 500
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.refresh()
        rows = browser.find_elements("css selector", "ul.changes > li")
        assert len(rows) == 500
        assert rows[499].is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
