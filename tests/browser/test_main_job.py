"""The main job in a real browser, page by page, as each of its people does it.

File in, checked version, decision under a standard, metered delivery, receipt that proves itself.
`WEIR_JOURNEY_PICTURES=FOLDER` keeps a picture of each step there, for people to look at.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from policies.calendar import CHINA
from tests.browser.walk import DESKTOP, Walker
from tests.installation import installation
from tests.journey.city import PASSWORD, City

OpenWindow = Callable[..., Walker]
STEP_TIMEOUT_MS = 90_000
"""Reading and checking a file on a machine that does much else."""

LEFT_ALONE = re.compile(r"^failed request: \S+/draft: net::ERR_ABORTED$")
"""A draft on its way when its form is sent: what it would have kept is in the form."""

STOPS = "code,name\n" + "".join(f"{number:06d},站点{number}\n" for number in range(1, 201))
FLIGHTS = "flight,carrier,delay\n" + "".join(
    f"F{number:05d},{'UA' if number % 3 else 'AA'},{number % 60}\n" for number in range(2000)
)
SQL = "SELECT carrier, count(*) AS flights FROM flights GROUP BY carrier ORDER BY carrier"


@dataclass
class Story:
    """The windows of the people of one installation, and a picture of each step."""

    address: str
    open_window: OpenWindow
    pictures: Path | None
    windows: dict[str, Walker] = field(default_factory=dict)
    steps: int = 0

    def page_of(self, name: str) -> Page:
        """The window of somebody, signed in through the sign-in page; "" is a visitor's."""
        if name not in self.windows:
            walker = self.open_window("en-GB")
            walker.host = urlsplit(self.address).netloc
            walker.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
            walker.page.set_default_timeout(STEP_TIMEOUT_MS)
            self.windows[name] = walker
            if name:
                self.open(name, "/user/login")
                walker.page.get_by_label("User name").fill(name)
                walker.page.get_by_label("Password").fill(PASSWORD)
                walker.page.get_by_role("main").get_by_role("button", name="Sign in").click()
                expect(walker.page.locator(".account-name")).to_have_text(name)
        return self.windows[name].page

    def open(self, name: str, path: str) -> Page:
        """Somebody goes to an address."""
        page = self.page_of(name)
        page.wait_for_load_state()  # a picture cut short by leaving is no fault of the page
        page.goto(self.address + path)
        return page

    def done(self, name: str, step: str, *, is_seen_only_here: bool = False) -> None:
        """A step is over: keep a picture, and check what no other test brings on the screen."""
        if is_seen_only_here:
            self.windows[name].check_axe(step)
        self.steps += 1
        if self.pictures is not None:
            page = self.windows[name].page
            page.screenshot(path=self.pictures / f"{self.steps:02d} {step}.png", full_page=True)
            self._picture_in_chinese(page, self.pictures / f"{self.steps:02d} {step} zh.png")

    def _picture_in_chinese(self, page: Page, path: Path) -> None:
        """The address once more in Chinese; what a form had answered shows as its empty page."""
        other = page.context.new_page()
        address = urlsplit(page.url)
        for language in ("zh", "en"):  # the last one is remembered
            query = "&".join(part for part in (address.query, f"lang={language}") if part)
            other.goto(address._replace(query=query, fragment="").geturl())
            if language == "zh":
                other.screenshot(path=path, full_page=True)
        other.close()


@pytest.fixture
def city() -> Iterator[City]:
    """An installation whose people are let in; nothing is published yet."""
    folder = Path(tempfile.mkdtemp(prefix="weir-walk-"))
    with installation(folder) as made:
        made.start()
        lived_in = City(made)
        lived_in.settle_in()
        yield lived_in
        made.stop()
        assert made.left_running() == []
    shutil.rmtree(folder)


@pytest.fixture
def story(city: City, walk_as: OpenWindow) -> Story:
    """The people, before anything happened."""
    named = os.environ.get("WEIR_JOURNEY_PICTURES")
    pictures = Path(named) if named else None
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
    return Story(city.installation.address, walk_as, pictures)


def test_the_main_job_from_a_file_to_a_frozen_buyer(city: City, story: Story) -> None:
    city.register("publisher", "stops")
    stops = city.upload("publisher", "stops", STOPS.encode())

    register_and_upload(story)
    read_the_report_and_submit(story)
    approve(story)
    offer_for_sale(story)
    city.wait_until_read("publisher", stops["id"])
    city.wait_until_checked("publisher", "stops")
    city.post("publisher", "/datasets/stops/submit")
    city.post("approver", "/datasets/stops/publish")
    open_to_all(story)
    offer_for_sharing(story)
    ask_by_citing_a_duty(story)
    grant(story)
    read_what_was_shared(story)
    agreement_path = accept_the_terms(story)
    draw_a_token(story, agreement_path)
    be_told_that_the_balance_is_empty(story)
    top_up(story)
    receipt_path = ask_in_sql(story)
    look_at_the_balance(story)
    trace_to_the_file(story, receipt_path)
    ask_the_price(story)
    freeze(story)
    be_refused_with_the_reason(story, agreement_path)

    assert {
        name: [one for one in walker.complaints if not LEFT_ALONE.search(one)]
        for name, walker in story.windows.items()
    } == {name: [] for name in story.windows}


def register_and_upload(story: Story) -> None:
    page = story.open("airport-publisher", "/publish")
    page.get_by_role("link", name="Publish data").first.click()
    page.fill("[name=slug]", "flights")
    page.fill("[name=title_zh]", "航班明细")
    page.fill("[name=title_en]", "Flights")
    page.fill("[name=summary_en]", "Every departure, with its delay in minutes.")
    page.get_by_label("General data").check()
    page.get_by_label("Shared on conditions").check()
    page.get_by_label("Not open", exact=True).check()
    page.fill("[name=open_basis]", "Operator's own data; commercial secret.")
    page.select_option("[name=update_cycle]", "daily")
    story.done("airport-publisher", "a dataset is described")
    page.get_by_role("button", name="Register and go on").click()
    expect(page.get_by_role("status").first).to_contain_text("The dataset is registered")
    page.set_input_files(
        "[name=file]",
        {"name": "flights.csv", "mimeType": "text/csv", "buffer": FLIGHTS.encode()},
    )
    # It goes up as soon as it is chosen, and is taken in once that is asked for.
    page.get_by_role("button", name="Take the file in").click()
    page.wait_for_url(re.compile("/publish/flights/upload/"))
    expect(page.get_by_text("flights.csv")).to_be_visible()
    story.done("airport-publisher", "the file is being read")
    expect(page.get_by_role("link", name="Go on")).to_be_visible(timeout=STEP_TIMEOUT_MS)
    expect(page.locator("#progress")).to_contain_text("Checked by the rules")
    story.done("airport-publisher", "the file is read and checked", is_seen_only_here=True)


def read_the_report_and_submit(story: Story) -> None:
    page = story.page_of("airport-publisher")
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("link", name="The whole report").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Flights")
    story.done("airport-publisher", "the report is read")
    page.go_back()
    page.get_by_role("button", name="Hand to the approver").click()
    expect(page.get_by_role("status").first).to_contain_text("The approver has it now")
    story.done("airport-publisher", "the version is submitted")


def approve(story: Story) -> None:
    page = story.open("airport-approver", "/inbox")
    page.get_by_role("link", name="Flights").click()
    story.done("airport-approver", "the approver reads the submission")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status").first).to_contain_text("Published")


def offer_for_sale(story: Story) -> None:
    page = story.open("airport-publisher", "/publish/flights")
    page.get_by_label("Traded").check()
    page.select_option("[name=lawful_basis]", "own_production")
    page.get_by_label("For each row").check()
    page.fill("[name=unit]", "0.5")
    page.fill("[name=terms_en]", "For the buyer's own analysis; not to be passed on.")
    page.get_by_role("button", name=re.compile("Propose")).click()
    expect(page.get_by_role("status").first).to_contain_text("The listing is proposed")
    story.done("airport-publisher", "a listing for trade is proposed")

    page = story.open("assessor", "/inbox")
    page.get_by_role("link", name="Flights").click()
    page.get_by_label("Fingerprint of your report").fill("ab" * 32)
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_role("status").first).to_contain_text("assessment is signed")

    page = story.open("standards", "/inbox")
    page.get_by_role("link", name="Flights").click()
    story.done("standards", "the bureau reads the offer and its assessment")
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_role("status").first).to_contain_text("The listing is open")


def open_to_all(story: Story) -> None:
    page = story.open("publisher", "/publish/stops")
    page.get_by_label("Opened").check()
    page.select_option("[name=lawful_basis]", "statutory_duty")
    page.get_by_role("button", name=re.compile("Propose")).click()
    expect(page.get_by_role("status").first).to_contain_text("The listing is proposed")
    page = story.open("approver", "/inbox")
    page.get_by_role("link", name="Data stops").click()
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_role("status").first).to_contain_text("The listing is open")

    page = story.open("", "/dataset/stops/data")
    expect(page.get_by_role("rowheader", name="000001").first).to_be_visible()
    story.done("", "a visitor reads open data")


def offer_for_sharing(story: Story) -> None:
    page = story.open("airport-publisher", "/publish/flights")
    page.get_by_text("Propose a listing", exact=True).click()
    page.get_by_label("Shared", exact=True).check()
    page.select_option("[name=lawful_basis]", "statutory_duty")
    page.get_by_role("button", name=re.compile("Propose")).click()
    expect(page.get_by_role("status").first).to_contain_text("The listing is proposed")
    page = story.open("airport-approver", "/inbox")
    page.get_by_role("link", name="Flights").click()
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_role("status").first).to_contain_text("The listing is open")


def ask_by_citing_a_duty(story: Story) -> None:
    page = story.open("police-buyer", "/dataset/flights")
    page.get_by_role("link", name="Request access").click()
    page.select_option("[name=purpose]", "statutory_duty")
    page.get_by_label("Statutory duty").fill("Road Traffic Safety Law, art. 5")
    page.get_by_label("Scenario").fill("Traffic police plan the roads to the airport by the hour.")
    page.locator("[name=manner][value=query]").check()
    page.fill("[name=ends_on]", str(datetime.now(CHINA).date() + timedelta(days=90)))
    page.locator("[name=pledge]").check()
    story.done("police-buyer", "a department asks and cites its duty")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("main")).to_contain_text("Road Traffic Safety Law, art. 5")
    story.done("police-buyer", "the department sees the steps of its request")


def grant(story: Story) -> None:
    page = story.open("airport-approver", "/inbox")
    story.done("airport-approver", "the request lies in the inbox with its clock")
    page.get_by_role("link", name="Flights").click()
    expect(page.get_by_role("main")).to_contain_text("Road Traffic Safety Law, art. 5")
    story.done("airport-approver", "the provider reads the request")
    page.get_by_role("button", name="Grant", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Granted")


def read_what_was_shared(story: Story) -> None:
    page = run_sql(story, "police-buyer")
    expect(page.locator("#answer").get_by_role("link", name="Receipt")).to_be_visible()
    expect(page.get_by_role("cell", name="1333")).to_be_visible()
    story.done("police-buyer", "the department reads what it was granted")


def accept_the_terms(story: Story) -> str:
    """The address of the agreement."""
    page = story.open("buyer", "/dataset/flights")
    page.get_by_role("link", name="Buy access").click()
    expect(page.get_by_role("main")).to_contain_text("not to be passed on")
    page.select_option("[name=purpose]", "analysis")
    page.get_by_label("I accept price and terms").check()
    story.done("buyer", "the buyer reads price and terms")
    page.get_by_role("button", name="Conclude the agreement").click()
    expect(page.get_by_role("status").first).to_contain_text("The agreement is concluded")
    return urlsplit(page.url).path


def draw_a_token(story: Story, agreement_path: str) -> None:
    page = story.open("buyer", agreement_path)
    page.get_by_role("button", name="Draw an access token").click()
    expect(page.locator("#new-token")).to_contain_text("eyJ")
    story.done("buyer", "the buyer draws a token", is_seen_only_here=True)


def be_told_that_the_balance_is_empty(story: Story) -> None:
    page = run_sql(story)
    expect(page.get_by_role("alert")).to_contain_text("credits")
    story.done("buyer", "an empty balance is told in words", is_seen_only_here=True)


def top_up(story: Story) -> None:
    page = story.open("finance", "/finance")
    page.select_option("[name=organization]", "skyline")
    page.fill("[name=amount]", "100")
    page.fill("[name=reference]", "Transfer 2026-1")
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_role("status").first).to_contain_text("A second person confirms it")
    expect(page.get_by_text("You recorded it")).to_be_visible()
    story.done("finance", "the bureau records a payment")
    second = story.open("standards", "/finance")
    second.get_by_role("button", name="Confirm and credit").click()
    expect(second.get_by_role("status").first).to_contain_text("confirmed and credited")
    story.done("standards", "a second person confirms it")


def ask_in_sql(story: Story) -> str:
    """The address of the receipt."""
    page = run_sql(story)
    expect(page.locator("#answer")).to_contain_text("It cost 1")
    expect(page.get_by_role("cell", name="1333")).to_be_visible()
    story.done("buyer", "the buyer reads the answer and its price", is_seen_only_here=True)
    page.locator("#answer").get_by_role("link", name="Receipt").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Receipt")
    story.done("buyer", "the buyer reads the receipt")
    return urlsplit(page.url).path


def run_sql(story: Story, name: str = "buyer") -> Page:
    """Show the price of the question, then run it."""
    page = ask_the_price(story, name)
    page.get_by_role("button", name="Run").click()
    return page


def ask_the_price(story: Story, name: str = "buyer") -> Page:
    page = story.open(name, "/dataset/flights/use")
    page.fill("[name=sql]", SQL)
    page.get_by_role("button", name="Show the price").click()
    expect(page.get_by_role("main")).to_contain_text("This will cost at most")
    return page


def look_at_the_balance(story: Story) -> None:
    page = story.open("buyer", "/my/usage")
    expect(page.get_by_role("main")).to_contain_text("99")
    story.done("buyer", "the buyer looks at the balance")


def trace_to_the_file(story: Story, receipt_path: str) -> None:
    page = story.open("auditor", f"/audit{receipt_path}")
    expect(page.get_by_role("main")).to_contain_text("flights.csv")
    story.done("auditor", "the regulator opens the receipt")
    page.get_by_role("link", name="Follow the lineage").click()
    page.locator("svg").get_by_role("link", name=re.compile(r"flights\.csv")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("flights.csv")
    expect(page.get_by_role("main")).to_contain_text("airport-publisher")
    story.done("auditor", "the regulator stands at the uploaded file")


def freeze(story: Story) -> None:
    page = story.open("auditor", "/audit/freezes")
    page.select_option("[name=kind]", "organization")
    page.get_by_label("What is frozen").fill("skyline")
    page.get_by_label("Reason").fill("Drew far more than its purpose needs")
    page.get_by_role("button", name="Freeze for 72 hours").click()
    expect(page.get_by_role("status").first).to_contain_text("Frozen")
    story.done("auditor", "the regulator freezes the buyer")


def be_refused_with_the_reason(story: Story, agreement_path: str) -> None:
    page = story.page_of("buyer")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("main")).to_contain_text("is frozen")
    story.done("buyer", "the next read is refused", is_seen_only_here=True)
    story.open("buyer", agreement_path)
    expect(page.get_by_role("main")).to_contain_text("A supervisor has frozen this")
