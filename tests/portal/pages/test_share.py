"""Sharing through the pages: a part, undo, a colleague, more days, a dispute, a correction."""

from __future__ import annotations

from exchange import apply
from exchange.application import ApplicationState, RefusalReason
from exchange.listing import Listing
from policies.party import Actor, Role
from tests.exchange.city import City, later, request
from tests.exchange.test_fair_use import conditional
from tests.people import acting
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.pages.test_inbox import asked, state_of

ASKED = {
    "purpose": "statutory_duty",
    "duty": "Emergency care act, item 4",
    "scenario": "Plan ambulance routes",
    "manner": "download",
    "ends_on": "2026-12-31",
    "pledge": "yes",
}


def own(path: str) -> str:
    """The asker's page of a request."""
    return path.replace("/inbox/request/", "/my/requests/")


def clerk(city: City) -> Actor:
    """Who keeps the duty list of the health department."""
    with city.pool.connection() as tx:
        return acting(tx, "hua", (Role.PUBLISHER, city.health))


def refused(city: City, listing: Listing) -> str:
    """A request that was refused; its address in the inbox."""
    path = asked(city, listing)
    with city.pool.connection() as tx:
        held = apply.inbox(tx, by=city.approver)[0]
        apply.refuse(
            tx,
            held.id,
            reason_code=RefusalReason.LAW_FORBIDS,
            reason="Named in the act",
            legal_basis_id="data-security-law",
            by=city.approver,
            at=city.at,
        )
    return path


def test_a_part_is_granted_and_the_asker_reads_so(city: City, browser_of: OpenBrowser) -> None:
    path = asked(city, city.shared_stops())
    approver, officer = browser_of(city.approver), browser_of(city.officer)

    answer = approver.post(
        path,
        data={
            "csrf_token": approver.form_token(path),
            "decision": "approve",
            "column": ["", "id", "line"],
            "row_column": "line",
            "row_operator": "=",
            "row_value": "3",
            "ends_on": "2026-06-30",
        },
    )

    assert answer.status_code == 303, answer.text
    assert "Granted in part" in officer.page(own(path))


def test_no_column_ticked_grants_nothing(city: City, browser_of: OpenBrowser) -> None:
    path = asked(city, city.shared_stops())
    approver = browser_of(city.approver)

    answer = approver.submit(path, on=path, decision="approve", column="")

    assert answer.status_code == 400
    assert "Choose from the columns that are offered" in answer.text
    assert state_of(city, path) is ApplicationState.SUBMITTED


def test_an_answer_is_undone_by_a_button(city: City, browser_of: OpenBrowser) -> None:
    path = asked(city, city.shared_stops())
    approver = browser_of(city.approver)
    done = approver.submit(path, on=path, decision="approve").headers["location"]

    assert f"{path}/undo" in approver.page(done)
    undone = approver.submit(f"{path}/undo", on=done)

    assert "Undone" in approver.page(undone.headers["location"])
    assert state_of(city, path) is ApplicationState.SUBMITTED


def test_an_answer_that_stands_shows_no_undo(city: City, browser_of: OpenBrowser) -> None:
    path = asked(city, city.shared_stops())
    approver = browser_of(city.approver)
    done = approver.submit(path, on=path, decision="approve").headers["location"]

    later(city, seconds=11)

    assert f"{path}/undo" not in approver.page(done)


def test_a_colleague_takes_over(city: City, browser_of: OpenBrowser) -> None:
    path = asked(city, city.shared_stops())
    with city.pool.connection() as tx:
        colleague = acting(tx, "zhang", (Role.APPROVER, city.transport))
    approver, other = browser_of(city.approver), browser_of(colleague)

    approver.submit(f"{path}/hand-over", on=path, colleague="zhang")

    assert path not in approver.page("/inbox")
    assert path in other.page("/inbox")


def test_more_days_are_asked_for_and_consented_to(city: City, browser_of: OpenBrowser) -> None:
    path = asked(city, city.shared_stops())
    approver, bureau = browser_of(city.approver), browser_of(city.bureau)

    too_long = approver.submit(f"{path}/longer", on=path, days="11", why_longer="Two systems")
    approver.submit(f"{path}/longer", on=path, days="10", why_longer="Two systems")
    assert path in bureau.page("/inbox?kind=extension")
    bureau.submit(f"{path}/consent", on=path, decision="consent")

    assert "1 to 10 more working days" in too_long.text
    page = browser_of(city.officer).page(own(path))
    assert "Clock lengthened by consent of the share authority" in page
    assert "30 March 2026" in page or "2026-03-30" in page


def test_a_refusal_is_disputed_before_the_authority(city: City, browser_of: OpenBrowser) -> None:
    path = refused(city, city.shared_stops())
    officer, approver = browser_of(city.officer), browser_of(city.approver)
    bureau = browser_of(city.bureau)

    empty = officer.submit(f"{own(path)}/dispute", on=own(path), ground=" ")
    officer.submit(f"{own(path)}/dispute", on=own(path), ground="No other source")
    assert path in approver.page("/inbox?kind=dispute")
    approver.submit(f"{path}/dispute", on=path, outcome="kept", outcome_words="Still barred")
    officer.submit(f"{own(path)}/dispute", on=own(path), ground="The act has an exception")
    bureau.submit(f"{path}/dispute", on=path, outcome="agreed", outcome_words="It has")

    assert empty.status_code == 400
    assert state_of(city, path) is ApplicationState.SUBMITTED
    assert "Before the share authority" in officer.page(own(path))


def test_columns_beyond_the_duty_are_named_in_the_form(city: City, browser_of: OpenBrowser) -> None:
    city.shared_stops()
    head, officer = browser_of(clerk(city)), browser_of(city.officer)
    desk, form = "/publish/demand", "/dataset/shared-stops/request"
    duty = ASKED["duty"]
    head.submit(desk, on=desk, duties=duty)
    head.submit(f"{desk}/needs", on=desk, duty=duty, dataset="shared-stops", columns="id; line")

    over = officer.submit(form, on=form, **ASKED)
    answer = officer.post(
        form,
        data={**ASKED, "csrf_token": officer.form_token(form), "column": ["", "id", "line"]},
    )

    assert over.status_code == 400
    assert "These columns are more than the purpose needs: name" in over.text
    assert answer.status_code == 303
    assert "id, line" in officer.page(answer.headers["location"])


def test_a_duty_list_is_taken_in_and_a_broken_one_told(city: City, browser_of: OpenBrowser) -> None:
    city.shared_stops()
    head, desk = browser_of(clerk(city)), "/publish/demand"
    answers = [
        head.post(
            f"{desk}/list",
            data={"csrf_token": head.form_token(desk)},
            files={"file": ("duties.csv", content, "text/csv")},
        )
        for content in ("急救,shared-stops,id\n".encode("gbk"), b"Care,nowhere,id\n")
    ]

    assert [one.status_code for one in answers] == [303, 400]
    assert "there is no dataset “nowhere”" in answers[1].text
    assert "急救" in head.page(desk)


def test_a_fault_is_reported_and_answered(city: City, browser_of: OpenBrowser) -> None:
    city.ask_for(city.shared_stops())
    officer, publisher = browser_of(city.officer), browser_of(city.publisher)
    form = "/dataset/shared-stops/correction"

    empty = officer.submit(form, on=form, fault="")
    officer.submit(form, on=form, record_reference="id 7", fault="On the wrong line <b>")
    inbox = publisher.page("/inbox?kind=correction")
    path = inbox.split('href="/inbox/correction/')[1].split('"')[0]
    page = f"/inbox/correction/{path}"
    unmade = publisher.submit(page, on=page, outcome="corrected", words="Done")
    publisher.submit(page, on=page, outcome="kept", words="The line moved in March")

    assert empty.status_code == 400
    assert unmade.status_code == 409
    assert "The line moved in March" in officer.page(form)


def test_what_was_refused_stands_beside_the_wishes_for_its_two_sides(
    city: City, browser_of: OpenBrowser
) -> None:
    refused(city, city.shared_stops())

    heading = "Requests that were refused or ran out of time"
    seen = [
        heading in browser_of(one).page("/requests-for-data")
        for one in (city.officer, city.approver, city.bureau, city.buyer, None)
    ]

    assert seen == [True, True, True, False, False]


def test_late_requests_are_marked_by_word_and_come_first(
    city: City, browser_of: OpenBrowser
) -> None:
    late = asked(city, city.shared_stops())
    later(city, days=20)
    second = city.shared_stops("other-stops")
    with city.pool.connection() as tx:
        apply.submit(tx, city.parts.keys, second.id, request(), by=city.officer, at=city.at)

    page = browser_of(city.approver).page("/inbox")

    assert page.index(late) < page.index("10 working days left")
    assert "Overdue" in page


def test_anybody_reads_how_requests_for_conditional_data_were_decided(
    city: City, browser_of: OpenBrowser
) -> None:
    listing = conditional(city)
    with city.pool.connection() as tx:
        held = apply.submit(tx, city.parts.keys, listing.id, request(), by=city.buyer, at=city.at)
        apply.grant(tx, city.parts.keys, held.id, by=city.approver, at=city.at)
    later(city, days=1)

    public, bureau = (browser_of(one).page("/equal-treatment") for one in (None, city.bureau))

    assert "Like requests were decided alike" in public
    assert "Acme" not in public
    assert "Acme" in bureau
