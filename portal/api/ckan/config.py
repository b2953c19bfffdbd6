"""Options of the site that sysadmins change while it runs. They are kept and told; `status_show`
tells the title and the description, and nothing runs or styles what is kept.
"""

from __future__ import annotations

from typing import Final

from policies.identity.site_options import SITE_OPTIONS, set_site_options, site_options
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call
from portal.api.ckan.errors import ValidationFailed


def config_option_list(call: Call) -> Result:
    """List the names of the options that can be changed; for sysadmins."""
    call.check_sysadmin()
    return list(SITE_OPTIONS)


def config_option_show(call: Call) -> Result:
    """Show the value of an option, named by `key`; for sysadmins."""
    call.check_sysadmin()
    key = call.wanted("key")
    if key not in SITE_OPTIONS:
        raise ValidationFailed({"message": f"Configuration option '{key}' can not be shown"})
    return site_options(call.tx)[key]


def config_option_update(call: Call) -> Result:
    """Change options: each parameter is the name of one; for sysadmins."""
    call.check_sysadmin()
    unknown = sorted(set(call.parameters) - set(SITE_OPTIONS))
    if unknown:
        names = " ".join(unknown)
        raise ValidationFailed({"message": f"Configuration option(s) '{names}' can not be updated"})
    values = {name: call.text(name) for name in call.parameters}
    set_site_options(call.tx, values, by=call.actor)
    return dict(values)


ACTIONS: Final[Table] = {
    **reads(config_option_list=config_option_list, config_option_show=config_option_show),
    **writes(config_option_update=config_option_update),
}
