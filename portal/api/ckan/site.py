"""The installation itself: what it is, and that it answers."""

from __future__ import annotations

from typing import Final

from policies.identity.site_options import site_options
from portal.api.ckan.action import Result, Table, reads
from portal.api.ckan.call import Call

CKAN_VERSION: Final = "2.12.0"
"""The release whose behaviour this face has."""
EXTENSIONS: Final = ("datastore", "dcat", "image_view", "text_view")
SITE_TITLE: Final = "Weir 数堰"
SITE_DESCRIPTION: Final = "Share, open and trade a city's data under written standards."


def status_show(call: Call) -> Result:
    """Say what this installation is: its address, title, language, and what it can do."""
    said = site_options(call.tx)
    return {
        "ckan_version": CKAN_VERSION,
        "site_title": said["ckan.site_title"] or SITE_TITLE,
        "site_description": said["ckan.site_description"] or SITE_DESCRIPTION,
        "site_url": call.site_url,
        "error_emails_to": None,
        "locale_default": "zh_Hans_CN",
        "extensions": list(EXTENSIONS),
    }


def site_read(call: Call) -> Result:
    """Say true where the caller may read the catalogue, which everybody may."""
    del call
    return True


ACTIONS: Final[Table] = reads(status_show=status_show, site_read=site_read)
