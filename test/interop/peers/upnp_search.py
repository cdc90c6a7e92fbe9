"""Looks for UPnP devices of a kind from an address, reads their descriptions, and prints what they say as JSON."""

import asyncio
import json
import sys

from async_upnp_client.aiohttp import AiohttpRequester
from async_upnp_client.client_factory import UpnpFactory
from async_upnp_client.search import async_search


async def main() -> None:
    address, target = sys.argv[1:]
    locations = set()

    async def heard(headers) -> None:
        locations.add(headers["location"])

    await async_search(heard, timeout=3, search_target=target, source=(address, 0))
    factory = UpnpFactory(AiohttpRequester())
    devices = [await factory.async_create_device(location) for location in sorted(locations)]
    names = ("device_type", "friendly_name", "model_name", "udn")
    print(json.dumps([{name: getattr(device, name) for name in names} for device in devices]))


asyncio.run(main())
