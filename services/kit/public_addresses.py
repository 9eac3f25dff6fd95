"""Which internet addresses are somebody else's: not this machine, its network or its cloud."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_NOT_PUBLIC_4 = tuple(
    ip_network(written)
    for written in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers; a cloud's metadata stands at 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own server behind an address that looks public
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_6 = ip_network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    ip_network(written)
    for written in (
        "2001::/23",  # Teredo and other tunnels: the inner address may be anybody's
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
    )
)
"""Mapped, NAT64, link-local and unique local addresses lie outside of 2000::/3."""


def is_public(address: str) -> bool:
    """Whether a numeric address belongs to the public internet; False for what is no address.

    An own list: `ipaddress.is_private` and `is_global` let a cloud's metadata and tunnels through.
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _NOT_PUBLIC_4)
    if found.scope_id is not None or found not in _PUBLIC_6:
        return False
    return not any(found in network for network in _NOT_PUBLIC_6)
