"""What every page shows around its content: who reads, where they may go, language and theme."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode

from policies.errors import N_
from policies.party import Actor, Role
from policies.roles import can_administer
from policies.terms import Language
from portal.languages import HTML_LANGUAGE, LANGUAGE_PARAMETER, OWN_NAME

THEME_COOKIE = "weir_theme"
THEME_PARAMETER = "theme"
_DECIDING = frozenset({Role.APPROVER, Role.BUREAU, Role.ASSESSOR, Role.REGULATOR})
"""Roles to which something comes for a decision."""


class Theme(StrEnum):
    """Light or dark: the system's choice unless the reader pinned one."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """One place of the main navigation."""

    label: str
    """An English message id."""
    href: str
    is_current: bool
    waiting: int
    """How many things wait there for the reader."""


@dataclass(frozen=True, slots=True)
class LogHead:
    """The newest signed tree head, as the foot of every page names it."""

    size: int
    root_hex: str


@dataclass(frozen=True, slots=True)
class Frame:
    """The surroundings of one page for one reader."""

    path: str
    query: str
    language: Language
    theme: Theme
    actor: Actor
    csrf_token: str = ""
    waiting: int = 0
    """Requests that wait for a decision of this reader."""
    unread: int = 0
    """Notices that the reader has not read; the bell counts them."""
    log_head: LogHead | None = None
    """None: the log has no signed head yet."""

    @property
    def html_language(self) -> str:
        """The value of the `lang` attribute."""
        return HTML_LANGUAGE[self.language]

    @property
    def other_language(self) -> Language:
        """The language that the link in the header leads to."""
        return Language.EN if self.language is Language.ZH else Language.ZH

    @property
    def other_html_language(self) -> str:
        """The `lang` attribute of the other language."""
        return HTML_LANGUAGE[self.other_language]

    @property
    def other_language_name(self) -> str:
        """The other language's own name."""
        return OWN_NAME[self.other_language]

    @property
    def other_language_href(self) -> str:
        """The present page, with its query, in the other language."""
        return self.here(**{LANGUAGE_PARAMETER: self.other_language})

    def theme_href(self, theme: str) -> str:
        """The present page with another theme, for readers without script."""
        return self.here(**{THEME_PARAMETER: theme})

    def here(self, **changes: str | int | None) -> str:
        """The present page's address with parameters set, or taken out where the value is None."""
        dropped = {LANGUAGE_PARAMETER, THEME_PARAMETER, *changes}
        pairs = [
            (name, value)
            for name, value in parse_qsl(self.query, keep_blank_values=True)
            if name not in dropped
        ]
        pairs += [(name, str(value)) for name, value in changes.items() if value is not None]
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path

    @property
    def navigation(self) -> list[NavigationEntry]:
        """The places that this reader may go to, in a fixed order."""
        roles = {held.role for held in self.actor.memberships}
        places = [(N_("Catalogue"), "/dataset", True), (N_("Departments"), "/organization", True)]
        places += [
            (N_("Publish"), "/publish", bool(roles & {Role.PUBLISHER, Role.ADMIN})),
            (N_("Inbox"), "/inbox", bool(roles & _DECIDING)),
            (N_("My data"), "/my", not self.actor.is_anonymous),
            (N_("Credits"), "/finance", bool(roles & {Role.FINANCE, Role.BUREAU})),
            (N_("People"), "/admin/people", can_administer(self.actor)),
            (N_("Audit"), "/audit", bool(roles & {Role.REGULATOR, Role.BUREAU})),
        ]
        return [
            NavigationEntry(
                label=label,
                href=href,
                is_current=self.path == href or self.path.startswith(href + "/"),
                waiting=self.waiting if href == "/inbox" else 0,
            )
            for label, href, is_open in places
            if is_open
        ]
