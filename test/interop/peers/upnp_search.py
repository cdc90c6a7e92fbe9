"""Looks for UPnP devices of a kind from an IPv4 address, or over IPv6 from a network interface, reads their descriptions, and prints what
they say as JSON."""

import asyncio
import ipaddress
import json
import socket
import sys

from async_upnp_client.aiohttp import AiohttpRequester
from async_upnp_client.client_factory import UpnpFactory
from async_upnp_client.search import async_search


def link_local(interface: str) -> str:
    with open("/proc/net/if_inet6", encoding="ascii") as addresses:
        for line in addresses:
            digits, _, _, _, _, name = line.split()
            address = ipaddress.IPv6Address(int(digits, 16))
            if name == interface and address.is_link_local:
                return str(address)
    raise SystemExit(f"{interface} has no address of the link")


async def main() -> None:
    origin, target = sys.argv[1:]
    if "." in origin:
        ends = {"source": (origin, 0)}
    else:
        scope = socket.if_nametoindex(origin)
        ends = {"source": (link_local(origin), 0, 0, scope), "target": ("FF02::C", 1900, 0, scope)}
    locations = set()

    async def heard(headers) -> None:
        locations.add(headers["location"])

    await async_search(heard, timeout=3, search_target=target, **ends)
    factory = UpnpFactory(AiohttpRequester())
    devices = [await factory.async_create_device(location) for location in sorted(locations)]
    names = ("device_type", "friendly_name", "model_name", "udn")
    print(json.dumps([{name: getattr(device, name) for name in names} for device in devices]))


asyncio.run(main())
