"""Notices: the bell, mail to a real SMTP server, signed calls to a real program, from the log."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import json
import socket
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from catalog.harvest.reach import networks_of
from exchange import apply, negotiate, take_in_hand
from exchange.notices import read_notices, webhooks
from exchange.notices.follow_log import follow_log
from exchange.notices.notice import Preferences, Topic
from exchange.notices.webhook import ATTEMPTS_MAX, DeliveryState
from exchange.run_clocks import run_clocks
from policies.identity.people import user_with_id
from policies.identity.register import change_user
from policies.log import sequence
from policies.party import Actor
from policies.presentation import UserPresentation
from policies.roles import SYSTEM
from policies.terms import Language
from portal.key_file import sealing_key
from portal.mail_server import MailServer, Transport, mail_server_from
from portal.send_mails import send_due
from portal.wiring import Wiring
from tests.exchange.city import City, later
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.pages.test_inbox import asked

HERE = networks_of("127.0.0.0/8")


def follow(city: City) -> None:
    """Let the sequencer and the reader of the log do their work."""
    with city.pool.connection() as tx:
        sequence(tx)
    with city.pool.connection() as tx:
        follow_log(tx, at=city.at)


def told(city: City, actor: Actor) -> list[str]:
    """The kinds of what one was told, the oldest first."""
    with city.pool.connection() as tx:
        return [one.kind for one in read_notices.own_notices(tx, by=actor)][::-1]


def has_address(city: City, actor: Actor, address: str) -> None:
    """Give an account an address."""
    assert actor.user_id
    with city.pool.connection() as tx:
        user = user_with_id(tx, actor.user_id)
        change_user(
            tx,
            user,
            UserPresentation(email=address),
            name=user.name,
            password=None,
            by=SYSTEM,
            at=city.at,
        )


# The bell ------------------------------------------------------------------------------------


def test_both_sides_are_told_and_nobody_of_their_own_acts(
    city: City,
    browser_of: OpenBrowser,
) -> None:
    path = asked(city, city.shared_stops())
    follow(city)
    approver = browser_of(city.approver)
    assert "is asked for. Answer by" in approver.page("/notices")
    approver.submit(path, on=path, decision="approve")
    follow(city)

    assert told(city, city.officer) == ["application.decided"]
    assert "application.decided" not in told(city, city.approver)
    assert "is granted" in browser_of(city.officer).page("/notices")
    assert told(city, city.buyer) == []


def test_an_event_is_told_once_however_often_the_log_is_read(city: City) -> None:
    asked(city, city.shared_stops())
    follow(city)
    with city.pool.connection() as tx:
        tx.execute("UPDATE exchange.notice_mark SET next_leaf = 0")

    follow(city)

    assert told(city, city.approver).count("application.submitted") == 1


def test_the_bell_counts_and_a_notice_leads_to_its_page(
    city: City,
    browser_of: OpenBrowser,
) -> None:
    path = asked(city, city.shared_stops())
    follow(city)
    approver = browser_of(city.approver)
    page = approver.page("/notices")
    notice = page.split('href="/notices/')[1].split('"')[0]

    opened = approver.get(f"/notices/{notice}")

    assert '<span class="badge">' in page.split('href="/notices"')[1][:500]
    assert opened.headers["location"] == path
    with city.pool.connection() as tx:
        assert read_notices.count_unread(tx, by=city.approver) == 0
    asked(city, city.shared_stops("other-stops"))
    follow(city)
    assert '<span class="badge">' in approver.page("/notices").split('href="/notices"')[1][:500]
    approver.submit("/notices/read", on="/notices")
    with city.pool.connection() as tx:
        assert read_notices.count_unread(tx, by=city.approver) == 0


def test_ones_notices_are_nobody_elses(city: City, browser_of: OpenBrowser) -> None:
    asked(city, city.shared_stops())
    follow(city)
    with city.pool.connection() as tx:
        (one, *_) = read_notices.own_notices(tx, by=city.approver)

    answer = browser_of(city.officer).get(f"/notices/{one.id}")

    assert answer.headers["location"] == "/notices"
    with city.pool.connection() as tx:
        assert read_notices.mark_read(tx, [one.id], by=city.officer, at=city.at) == 0


def test_what_is_switched_off_is_not_told(city: City, browser_of: OpenBrowser) -> None:
    approver = browser_of(city.approver)
    approver.submit("/notices/preferences", on="/notices", shown="clock")
    asked(city, city.shared_stops())
    later(city, days=7)
    with city.pool.connection() as tx:
        run_clocks(tx, at=city.at)
    follow(city)

    assert told(city, city.approver) == ["application.reminded"]


def test_time_that_is_up_is_told_to_both_sides_and_the_bureau(city: City) -> None:
    asked(city, city.shared_stops())
    later(city, days=20)
    with city.pool.connection() as tx:
        run_clocks(tx, at=city.at)
    follow(city)

    for one in (city.approver, city.officer, city.bureau, city.second):
        assert told(city, one).count("application.escalated") == 1, one.name


def test_a_recall_reaches_everybody_with_an_agreement(city: City) -> None:
    from catalog import publish

    listing = city.shared_stops()
    city.ask_for(listing)
    with city.pool.connection() as tx:
        publish.withdraw(tx, listing.dataset_id, reason="Wrong", by=city.approver, at=city.at)
    follow(city)

    assert told(city, city.officer)[-1] == "dataset.withdrawn"


# Mail ----------------------------------------------------------------------------------------


@dataclass
class Box:
    """What a mail server took."""

    mails: list[EmailMessage] = field(default_factory=list)
    is_down: bool = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.is_down:
            return "451 later"
        content = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(content, EmailMessage)
        self.mails.append(content)
        return "250 OK"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@pytest.fixture
def box() -> Box:
    """An empty box."""
    return Box()


@pytest.fixture
def post(box: Box) -> Iterator[MailServer]:
    """A mail server on this machine."""
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield MailServer(Transport.PLAIN, "127.0.0.1", port, "数堰 <weir@city.test>")
    controller.stop()


def mailing(wiring: Wiring, server: MailServer) -> Wiring:
    """The installation with a mail server."""
    return replace(wiring, settings=replace(wiring.settings, mail=server))


def test_an_answer_is_mailed_once_in_the_readers_language(
    city: City,
    wiring: Wiring,
    post: MailServer,
    box: Box,
) -> None:
    has_address(city, city.officer, "wen@city.test")
    with_mail = mailing(wiring, post)
    city.ask_for(city.shared_stops())
    follow(city)

    early = send_due(with_mail)
    later(city, seconds=13)
    sent = [send_due(with_mail) for _ in range(3)]

    (mail,) = box.mails
    assert (early, sum(sent)) == (0, 1)
    assert mail["To"] == "wen@city.test"
    assert "申请已批准" in mail["Subject"]
    assert "http://testserver/my/requests/" in mail.get_content()
    assert mail["Auto-Submitted"] == "auto-generated"


def test_an_answer_that_is_undone_is_not_mailed(
    city: City,
    wiring: Wiring,
    post: MailServer,
    box: Box,
) -> None:
    has_address(city, city.officer, "wen@city.test")
    with_mail = mailing(wiring, post)
    path = asked(city, city.shared_stops())
    with city.pool.connection() as tx:
        held = apply.inbox(tx, by=city.approver)[0]
        apply.grant(tx, city.parts.keys, held.id, by=city.approver, at=city.at)
    follow(city)
    later(city, seconds=5)
    with city.pool.connection() as tx:
        take_in_hand.undo(tx, held.id, by=city.approver, at=city.at)
    follow(city)

    later(city, seconds=20)
    send_due(with_mail)

    assert path.endswith(str(held.id))
    assert [mail["Subject"] for mail in box.mails if "撤销" not in mail["Subject"]] == []
    assert len(box.mails) == 1


def test_a_server_that_is_down_is_tried_again(
    city: City,
    wiring: Wiring,
    post: MailServer,
    box: Box,
) -> None:
    has_address(city, city.officer, "wen@city.test")
    with_mail = mailing(wiring, post)
    city.ask_for(city.shared_stops())
    follow(city)
    later(city, seconds=13)
    box.is_down = True

    refused = send_due(with_mail)
    box.is_down = False
    at_once = send_due(with_mail)
    later(city, seconds=31)
    again = send_due(with_mail)

    assert (refused, at_once, again) == (0, 0, 1)


def test_a_killed_sender_sends_again_under_the_same_id(
    city: City,
    wiring: Wiring,
    post: MailServer,
    box: Box,
) -> None:
    has_address(city, city.officer, "wen@city.test")
    with_mail = mailing(wiring, post)
    city.ask_for(city.shared_stops())
    follow(city)
    later(city, seconds=13)
    send_due(with_mail)
    with city.pool.connection() as tx:
        tx.execute(
            "UPDATE exchange.notices SET mail_state = 'sending', mail_next_at = %(at)s"
            " WHERE mail_state = 'sent'",
            {"at": city.at},
        )

    send_due(with_mail)

    assert len({mail["Message-ID"] for mail in box.mails}) == 1
    assert len(box.mails) == 2


def test_a_certificate_that_is_not_trusted_gets_no_mail(
    city: City,
    wiring: Wiring,
    box: Box,
    tmp_path: Path,
) -> None:
    has_address(city, city.officer, "wen@city.test")
    certificate, context = _certificate(tmp_path)
    port = free_port()
    controller = Controller(
        box, hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True
    )
    controller.start()
    server = MailServer(Transport.STARTTLS, "127.0.0.1", port, "weir@city.test")
    city.ask_for(city.shared_stops())
    follow(city)
    later(city, seconds=13)

    untrusted = send_due(mailing(wiring, server))
    later(city, seconds=31)
    trusted = send_due(mailing(wiring, replace(server, ca_file=str(certificate))))
    controller.stop()

    assert (untrusted, trusted) == (0, 1)


@pytest.mark.parametrize(
    "named",
    [
        {"WEIR_SMTP_URL": "http://mail.test"},
        {"WEIR_SMTP_URL": "smtp+plain://mail.test", "WEIR_MAIL_FROM": "a@b.test"},
        {"WEIR_SMTP_URL": "smtps://mail.test"},
        {"WEIR_SMTP_URL": "smtps://mail.test:99999", "WEIR_MAIL_FROM": "a@b.test"},
        {"WEIR_SMTP_URL": "smtps://mail.test", "WEIR_MAIL_FROM": "a@b.test\nBcc: x@y.test"},
    ],
)
def test_a_mail_server_that_cannot_be_is_told_at_start(named: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="WEIR_"):
        mail_server_from(named)


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for this machine that nobody trusts yet."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "mail.pem", folder / "mail.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


# Webhooks ------------------------------------------------------------------------------------


@dataclass
class Program:
    """A program that is called."""

    address: str = ""
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: int = 204


@pytest.fixture
def program() -> Iterator[Program]:
    """A program on this machine."""
    held = Program()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            held.calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(held.answer)
            if held.answer == 302:
                self.send_header("Location", held.address)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.address = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield held
    server.shutdown()
    server.server_close()


def hook(city: City, wiring: Wiring, actor: Actor, url: str) -> str:
    """An address of the actor's organisation; its secret."""
    key = sealing_key(wiring)
    with city.pool.connection() as tx:
        return webhooks.set_up(tx, url, sealing_key=key, by=actor, at=city.at)[1]


def call(city: City, wiring: Wiring, *, allowed: bool = True) -> int:
    """Make the calls that are due."""
    return webhooks.call_due(
        city.pool,
        sealing_key=sealing_key(wiring),
        allowed=HERE if allowed else (),
        now=city.now,
    )


def test_a_program_of_either_side_is_called_once_and_can_check_it(
    city: City,
    wiring: Wiring,
    program: Program,
) -> None:
    secret = hook(city, wiring, city.officer, program.address)
    hook(city, wiring, city.buyer, program.address)
    asked(city, city.shared_stops())
    follow(city)

    calls = [call(city, wiring) for _ in range(3)]

    ((headers, body),) = program.calls
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
    key = b64decode(secret.removeprefix("whsec_"))
    mac = b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()
    assert sum(calls) == 1
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert json.loads(body)["type"] == "application.submitted"
    assert "Emergency care act" not in body.decode()


def test_a_failing_program_is_called_again_and_given_up(
    city: City,
    wiring: Wiring,
    program: Program,
    browser_of: OpenBrowser,
) -> None:
    hook(city, wiring, city.officer, program.address)
    program.answer = 500
    asked(city, city.shared_stops())
    follow(city)

    made = []
    for _ in range(ATTEMPTS_MAX + 2):
        made.append(call(city, wiring))
        made.append(call(city, wiring))
        later(city, hours=11)
    with city.pool.connection() as tx:
        ((_, calls),) = webhooks.own_webhooks(tx, by=city.officer)

    assert sum(made) == ATTEMPTS_MAX
    assert len({headers["webhook-id"] for headers, _ in program.calls}) == 1
    assert (calls[0].state, calls[0].status) == (DeliveryState.FAILED, 500)
    assert "500" in browser_of(city.officer).page("/my/webhooks")


def test_the_inside_of_a_network_is_not_called(
    city: City,
    wiring: Wiring,
    program: Program,
) -> None:
    hook(city, wiring, city.officer, program.address)
    asked(city, city.shared_stops())
    follow(city)

    call(city, wiring, allowed=False)

    with city.pool.connection() as tx:
        ((_, calls),) = webhooks.own_webhooks(tx, by=city.officer)
    assert program.calls == []
    assert (calls[0].status, calls[0].error) == (None, "AddressRefused")


def test_redirects_are_not_followed(city: City, wiring: Wiring, program: Program) -> None:
    hook(city, wiring, city.officer, program.address)
    program.answer = 302
    asked(city, city.shared_stops())
    follow(city)

    call(city, wiring)

    assert len(program.calls) == 1


def test_a_test_is_sent_from_the_page_and_its_log_read(
    city: City,
    wiring: Wiring,
    program: Program,
    browser_of: OpenBrowser,
) -> None:
    officer, page = browser_of(city.officer), "/my/webhooks"
    wrong = officer.submit(page, on=page, url="ftp://a:b@host")
    added = officer.submit(page, on=page, url=program.address)
    path = added.text.split('action="/my/webhooks/')[1].split("/")[0]
    officer.submit(f"{page}/{path}/test", on=page)
    call(city, wiring)
    stranger = browser_of(city.buyer).submit(f"{page}/{path}/remove", on=page)

    assert wrong.status_code == 400
    assert "whsec_" in added.text
    assert "whsec_" not in officer.page(page)
    assert json.loads(program.calls[0][1])["type"] == "webhook.test"
    assert stranger.status_code == 404
    assert "Done" in officer.page(page)


def test_preferences_hold_language_and_topics(city: City) -> None:
    wishes = Preferences(Language.EN, frozenset({Topic.CLOCK}), frozenset())

    with city.pool.connection() as tx:
        read_notices.prefer(tx, wishes, by=city.officer)
        read_notices.prefer(tx, wishes, by=city.officer)

        assert read_notices.preferences(tx, by=city.officer) == wishes


def test_both_sides_are_told_when_an_agreement_is_suspended_and_holds_again(
    city: City, browser_of: OpenBrowser
) -> None:
    agreement = city.buy(city.sold_stops())
    for act in (negotiate.suspend_agreement, negotiate.resume_agreement):
        with city.pool.connection() as tx:
            act(tx, agreement.id, reason="misuse", by=city.regulator, at=city.at)
    follow(city)

    turns = {"agreement.suspended", "agreement.resumed"}
    for reader in (city.buyer, city.seller_head):
        assert turns <= set(told(city, reader))
        page = browser_of(reader).page("/notices")
        assert "is suspended; nothing is read under it for now" in page
        assert "holds again" in page
