"""Somebody who subscribes to the node of a Thing, with slixmpp. Further arguments: service node."""

import asyncio
import sys

from slixmpp.exceptions import IqError
from slixmpp_session import Session, run

SENSOR_DATA = "urn:xmpp:iot:sensordata"


def levels(item):
    return [
        [timestamp.get("value"), numeric.get("value"), numeric.get("unit")]
        for timestamp in item["payload"].iter(f"{{{SENSOR_DATA}}}timestamp")
        for numeric in timestamp.findall(f"{{{SENSOR_DATA}}}numeric")
        if numeric.get("name") == "Level"
    ]


async def main():
    service, node = sys.argv[5:7]
    seen = {}
    owner = await Session("owner", "slixmpp").enter()
    pubsub = owner["xep_0060"]
    events = asyncio.Queue()
    owner.add_event_handler("pubsub_publish", lambda message: events.put_nowait(message))
    subscription = await pubsub.subscribe(service, node)
    seen["subscription"] = subscription["pubsub"]["subscription"]["subscription"]
    seen["items"] = []
    seen["levels"] = []
    while len(seen["items"]) < 4:
        event = await asyncio.wait_for(events.get(), 10)
        item = event["pubsub_event"]["items"]["item"]
        seen["items"].append(item["id"])
        seen["levels"] += levels(item)
    kept = await pubsub.get_items(service, node, max_items=2)
    seen["kept"] = len([entry["id"] for entry in kept["pubsub"]["items"]])
    await pubsub.unsubscribe(service, node)
    stranger = await Session("stranger", "slixmpp").enter()
    try:
        await stranger["xep_0060"].subscribe(service, node)
        seen["stranger"] = None
    except IqError as error:
        seen["stranger"] = error.condition
    for client in (owner, stranger):
        await client.disconnect()
    return seen


run(main)
