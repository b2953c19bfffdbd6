"""Which hosts may be connected to: public ones, and networks that the operator allows.

A host's name is resolved once; unless every address behind it is public, nothing is opened, and the
connection goes to the very address that was checked. A name that changes its answer between check
and use gains nothing.

Source: OWASP SSRF Prevention Cheat Sheet; RFC 6052 and 3056 (addresses that carry another one
inside).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from catalog.harvest.errors import AddressRefused, SourceUnreachable
from catalog.harvest.source import check_address

CONNECT_S: Final = 10
SILENCE_S: Final = 30
"""Between two pieces of an answer."""

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def networks_of(setting: str) -> tuple[IpNetwork, ...]:
    """The networks of `WEIR_HARVEST_ALLOW`, comma-separated, as `10.1.0.0/16`.

    Raises: ValueError where one is none.
    """
    return tuple(
        ipaddress.ip_network(part.strip(), strict=False)
        for part in setting.split(",")
        if part.strip()
    )


def networks_of_host(address: str) -> tuple[IpNetwork, ...]:
    """The very addresses behind a host that an operator named on the command line.

    Raises: MalformedAddress, SourceUnreachable.
    """
    parts = urlsplit(check_address(address))
    found = _resolve(parts.hostname or "", parts.port or 80)
    return tuple(ipaddress.ip_network(one) for one in found)


def open_line(
    host: str, port: int, allowed: tuple[IpNetwork, ...], *, ports: Collection[int]
) -> socket.socket:
    """A connection to a host that may be connected to; outside of `allowed` only on `ports`.

    Raises: AddressRefused, SourceUnreachable.
    """
    addresses = _resolve(host, port)
    for address in addresses:
        if any(address in network for network in allowed):
            continue
        if not _is_public(address) or port not in ports:
            raise AddressRefused(host)
    fault: OSError | None = None
    for address in addresses:
        try:
            opened = socket.create_connection((str(address), port), CONNECT_S)
        except OSError as error:
            fault = error
            continue
        opened.settimeout(SILENCE_S)
        return opened
    raise SourceUnreachable(_why(fault))


def _resolve(host: str, port: int) -> list[IpAddress]:
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SourceUnreachable(f"the name {host[:100]} is not known") from None
    return [ipaddress.ip_address(one[4][0].partition("%")[0]) for one in found]  # type: ignore[union-attr]


def _is_public(address: IpAddress) -> bool:
    """Whether the address lies in the open network, and so does one that it carries inside."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    inner = address.ipv4_mapped or address.sixtofour
    if address.teredo is not None:
        return False
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return _is_public(inner)
    return address.is_global and not address.is_multicast


def _why(fault: OSError | None) -> str:
    if isinstance(fault, TimeoutError):
        return "no answer in time"
    if isinstance(fault, ConnectionRefusedError):
        return "the connection was refused"
    return "the line broke" if fault else "no address"
