"""The HTML plan in a real browser: it loads without complaint, filters ten thousand changes, obeys the keyboard.

It fits a phone, prints on few pages, and an examiner of accessibility has nothing to say, in light and in dark.
"""

from __future__ import annotations

import re
import shutil
import socket
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from qboxctl.model import Action, Address, Advisory, Blocked, Change, FieldChange, Plan, PlanOptions, Unverifiable
from qboxctl.render import plan_html
from qboxctl.render.origin import Origin, Site, SourceLine
from qboxctl.resources import TYPES
from tests.support.plans import plan_of

Select = pytest.importorskip("selenium.webdriver.support.select").Select
WebDriverWait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait
webdriver = pytest.importorskip("selenium.webdriver")
axe = pytest.importorskip("selenium_axe_python")
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="chromium and chromedriver are not installed"),
]
QUIET = (
    "headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking",
    "disable-component-update", "disable-sync", "window-size=1100,900",
)  # fmt: skip
DESK, PHONE = (1100, 900), (360, 740)
AT_MOST = 200
"""Rows of a domain that are laid out at once."""


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
    """Opens a plan on a screen of some size, light or dark."""

    def open_plan(plan: Plan, origin: Origin = plan_html.NOWHERE, size: tuple[int, int] = DESK, **media: str) -> Any:
        path = tmp_path / "plan.html"
        path.write_text(plan_html.render(plan, TYPES, 10, origin), encoding="utf-8")
        features = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in media.items()]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        screen = dict(zip(("width", "height"), size, strict=True))
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {**screen, "deviceScaleFactor": 1, "mobile": size == PHONE}
        )
        browser.get("about:blank")
        browser.get(path.as_uri())
        assert browser.get_log("browser") == []  # nothing blocked by the page's own policy, nothing broken
        return browser

    return open_plan


def many(count: int) -> Plan:
    """Creations, updates and removals in domains of 120 objects each."""
    return replace(plan_of({}), changes=tuple(map(_one_of_many, range(count))))


def _one_of_many(number: int) -> Change:
    domain, place = f"domain{number // 120:03}.example", number % 120
    address = Address("mailbox", f"user{place:03}@{domain}")
    if place == 0:
        return Change(Address("domain", domain), Action.CREATE, fields=(FieldChange("plan", None, "basic"),))
    if place % 5 == 1:
        sizes = FieldChange("max_email_quota", 8 * 1024**3, 25 * 1024**3)
        return Change(address, Action.UPDATE, fields=(sizes, FieldChange("language", "it", f"en{place}")))
    if place % 40 == 2:
        return Change(address, Action.DELETE, destroys_data=True, reason="no longer declared (on_remove: delete)")
    if place % 10 == 3:
        target = FieldChange("destinations", None, (f"user{place - 1:03}@{domain}",))
        return Change(Address("alias", f"team{place:03}@{domain}"), Action.CREATE, fields=(target,))
    told = {"firstname": f"F{number}", "lastname": f"L{number}", "max_email_quota": 8 * 1024**3, "language": "it"}
    fields = tuple(FieldChange(name, None, value) for name, value in told.items())
    return Change(address, Action.CREATE, fields=fields, secrets=("password",))


def everything(text: str = "Ada") -> tuple[Plan, Origin]:
    """A plan with each part that a page can have, and where it comes from."""
    body = "Dear sender,\n" + "one more line\n" * 20
    ada = Address("mailbox", "ada@example.com")
    fields = (FieldChange("autoresponder_body", body, f"{body}{text}"), FieldChange("tags", ("a",), ("b", text)))
    changes = (
        *many(12).changes,
        Change(ada, Action.UPDATE, fields=fields, secrets=("password",), reason=text),
        Change(Address("mailbox", "bob@example.com"), Action.DISABLE, reason=text),
        *(
            Change(Address("mailbox", f"new{number}@example.com"), Action.CREATE, fields=(
                FieldChange("firstname", None, text), FieldChange("bounce_msg", None, f"{body}{number}")))
            for number in range(3)
        ),
    )  # fmt: skip
    plan = replace(
        plan_of({}),
        changes=changes,
        summary={"unchanged": 3, "unmanaged": 1},
        blocked=(Blocked("count", "mailbox", text, text), Blocked("order", "mailbox", text)),
        warnings=(Advisory("Q044", str(ada), text, text),),
        options=PlanOptions(targets=(text,)),
        unmanaged=(Address("mailbox", f"{text}@example.com"),),
        unverifiable=(Unverifiable(ada, ("password",)),),
        customers=(text,),
        billing={"mailboxes_8gb": 3},
        git_commit="0a" * 20,
        created_at="2026-05-01T12:00:00Z",
        qboxctl_version="1.0",
    )
    places = {change.address: SourceLine(f"{text}.yaml", 7, f"{text}.yaml") for change in changes}
    return plan, Origin(places, Site("https://git.example/mail"))


def shown(browser: Any) -> int:
    return browser.execute_script(
        "return [...document.querySelectorAll('.row')].filter(one => one.checkVisibility()).length"
    )


def status(browser: Any) -> str:
    return browser.find_element("css selector", "output").text


def type_in(browser: Any, text: str) -> int:
    """Search, as keys would, and let the page draw; how many rows it touched."""
    return browser.execute_async_script(
        """const field = document.forms[0].elements.search, done = arguments[1];
        let touched = 0;
        const seen = new MutationObserver((records) => { touched += records.length; });
        seen.observe(document.querySelector("main"), {subtree: true, attributes: true, attributeFilter: ["class"]});
        field.value = arguments[0];
        field.dispatchEvent(new Event('input', {bubbles: true}));
        requestAnimationFrame(() => requestAnimationFrame(() => { seen.disconnect(); done(touched); }));""",
        text,
    )


def test_ten_thousand_changes_are_searched(page):
    browser = page(many(10_000))
    assert status(browser) == "10000 changes"
    assert shown(browser) == 0  # domains are closed, and tell how much is in them
    assert len(browser.find_elements("css selector", ".domain")) == 84
    assert browser.find_element("css selector", ".domain .counts").text == "3 to delete 24 to update 93 to create"
    for text, found, seen in (("USER", 9_916, 0), ("user007@domain01", 10, 10), ("L1234", 1, 1), ("nobody", 0, 0)):
        assert type_in(browser, text) <= 2 * AT_MOST
        assert status(browser) == f"{found} of 10000 changes"
        assert shown(browser) == seen
    assert browser.find_element("id", "none").is_displayed()
    type_in(browser, "")
    assert status(browser) == "10000 changes"
    assert shown(browser) == 0


def test_a_domain_with_many_changes_shows_some_and_then_more(page):
    browser = page(plan_of({"create": 9_000, "delete": 1_000}))
    browser.find_element("css selector", "summary h2").click()
    assert shown(browser) == AT_MOST
    assert "its mail is lost for good" in browser.find_element("css selector", ".group").text
    more = browser.find_element("css selector", ".more")
    assert more.text == f"Show {AT_MOST} more of {10_000 - AT_MOST}"
    more.click()
    assert shown(browser) == 2 * AT_MOST
    browser.find_element("css selector", "input[value=delete]").click()
    assert type_in(browser, "user00") <= 2 * 2 * AT_MOST
    assert status(browser) == "9000 of 10000 changes"


def test_filters_and_keys(page):
    browser = page(plan_of({"create": 3, "update": 2, "delete": 1}))
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
    fields = browser.find_elements("css selector", "input, select, button")
    assert all(one.accessible_name for one in fields if one.is_displayed())


def test_what_is_equal_in_a_group_is_found_in_each_of_its_changes(page):
    browser = page(many(120))
    type_in(browser, "8gb 25gb")
    assert status(browser) == "24 of 120 changes"
    type_in(browser, "8gb F7")
    assert shown(browser) == 8
    Select(browser.find_element("css selector", "select[name=kind]")).select_by_visible_text("Hosting domain")
    type_in(browser, "")
    assert status(browser) == "1 of 120 changes"


def test_a_domain_is_chosen_closed_and_opened(page):
    browser = page(many(250))
    assert shown(browser) == 250
    choice = Select(browser.find_element("css selector", "select[name=domain]"))
    everywhere = browser.find_element("id", "all")
    for name, total in (("domain001.example", 120), ("all", 250)):
        choice.select_by_visible_text(name)
        type_in(browser, "")
        assert status(browser).startswith(f"{total} ")
        for word, count in (("Close all", 0), ("Open all", total)):
            assert everywhere.text == word
            everywhere.click()
            assert shown(browser) == count


@pytest.mark.parametrize("width", range(900, 1200, 37))
def test_a_button_stays_where_it_is_while_all_opens_and_closes(page, width):
    browser = page(many(250), size=(width, 500))
    everywhere = browser.find_element("id", "all")
    places = []
    for _word in ("Close all", "Open all", "Close all"):
        places.append(browser.execute_script("return arguments[0].getBoundingClientRect().toJSON()", everywhere))
        everywhere.click()
    assert places == [places[0]] * 3


def test_an_alarm_leads_to_what_is_lost(page):
    browser = page(many(1_200))
    link = browser.find_elements("css selector", ".alarm a")[4]
    assert link.text == "mailbox/user042@domain001.example"
    link.click()
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    assert browser.find_element("css selector", ".row:target").is_displayed()
    assert "its mail is lost for good" in browser.find_element("css selector", ".row:target").text


def test_the_whole_id_can_be_copied(page):
    browser = page(plan_of({"create": 1}))
    browser.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["clipboardReadWrite"]})
    browser.find_element("id", "copy").click()
    told = browser.find_element("id", "copied")
    WebDriverWait(browser, 20).until(lambda _browser: told.text)  # the clipboard answers in its own time
    assert told.text in ("copied", "ab" * 32)
    (code,) = browser.find_elements("css selector", "header code")
    assert code.text == ("ab" * 32)[:12]


def test_what_the_account_says_is_not_run(page):
    text = "</li><script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
    browser = page(*everything(text))
    assert browser.title.startswith("qboxctl plan")
    assert "<script>" in browser.find_element("css selector", "main").text
    schemes = browser.execute_script("return [...document.links].map(one => one.protocol)")
    assert set(schemes) == {"https:", "file:"}  # the second are places in the page
    assert browser.execute_script("return document.querySelectorAll('img, iframe, script[src]').length") == 0


def test_html_is_looked_at_in_a_frame_where_nothing_runs_and_nothing_is_loaded(page):
    elsewhere = socket.create_server(("127.0.0.1", 0))
    image = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/x.png"
    hostile = f"<script>top.document.title = 'owned'</script><img src='{image}' alt='logo'>"
    fields = (FieldChange("body", None, f"<p style='color: rgb(200, 0, 0)'>Ada</p>{hostile}"),)
    one = Change(Address("signature", "ada@example.com/ada@example.com"), Action.CREATE, fields=fields)
    browser = page(replace(plan_of({}), changes=(one,)))
    browser.find_element("css selector", ".shown summary").click()
    browser.switch_to.frame(browser.find_element("css selector", ".shown iframe"))
    try:
        text = browser.find_element("css selector", "p")
        assert (text.text, text.value_of_css_property("color")) == ("Ada", "rgba(200, 0, 0, 1)")
        assert browser.execute_script("return [...document.images].map(one => one.naturalWidth)") == [0]
    finally:
        browser.switch_to.default_content()
    assert browser.title.startswith("qboxctl plan")
    elsewhere.settimeout(0.2)
    with elsewhere, pytest.raises(TimeoutError):
        elsewhere.accept()


def test_it_works_without_a_script(page):
    browser = page(plan_of({"create": 500}))
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.refresh()
        rows = browser.find_elements("css selector", ".row")
        assert len(rows) == 500
        browser.find_element("css selector", "summary").click()
        assert rows[499].is_displayed()
        assert not browser.find_element("css selector", "form").is_displayed()
        assert not browser.find_element("id", "copy").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize(
    "plan", [many(243), plan_of({"update": 243}), everything()[0]], ids=["mixed", "updates", "all"]
)
def test_it_prints_whole_on_few_pages(page, plan):
    browser = page(plan)
    for domain in browser.find_elements("css selector", ".domain > summary"):
        domain.click()  # closed ones print too
    paper = {"paperWidth": 8.27, "paperHeight": 11.69}
    printed = b64decode(browser.execute_cdp_cmd("Page.printToPDF", paper)["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 8
    browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    paper = {"width": 703, "height": 1_000, "deviceScaleFactor": 1, "mobile": False}  # A4 without its margins
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", paper)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert shown(browser) == len(plan.changes)
    cut = "return [...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth).length"
    assert browser.execute_script(cut) == 0


@pytest.mark.parametrize("plan", [many(3), many(300), plan_of({}), everything()[0]], ids=["3", "300", "none", "all"])
def test_a_phone_shows_it_without_scrolling_sideways(page, plan):
    browser = page(plan, size=PHONE)
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.execute_script(wide) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("of", [everything(), (plan_of({}), plan_html.NOWHERE)], ids=["everything", "nothing"])
def test_an_examiner_of_accessibility_finds_nothing(page, of, size, scheme):
    browser = page(*of, size=size, color_scheme=scheme)
    dark = browser.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark == (scheme == "dark")
    examiner = axe.Axe(browser)
    examiner.inject()
    found = examiner.run()["violations"]
    assert not found, examiner.report(found)
