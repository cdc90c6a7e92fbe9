"""What accounts publish, with slixmpp: personal events, nodes of the service, vCards and files."""

import asyncio
import io
import ssl
import sys
import urllib.request
from xml.etree import ElementTree

from slixmpp.exceptions import IqError
from slixmpp_session import Session, run

TUNE = "http://jabber.org/protocol/tune"


def tune(title):
    element = ElementTree.Element(f"{{{TUNE}}}tune")
    ElementTree.SubElement(element, f"{{{TUNE}}}title").text = title
    return element


async def befriend(one, other):
    one.auto_authorize = other.auto_authorize = True
    one.auto_subscribe = other.auto_subscribe = True
    seen = asyncio.Event()
    other.add_event_handler("presence_available", lambda presence: presence["from"].bare == one.boundjid.bare and seen.set())
    one.send_presence_subscription(other.boundjid.bare)
    await asyncio.wait_for(seen.wait(), 10)


async def main():
    seen = {}
    domain = sys.argv[4]
    romeo = await Session("romeo", "orchard", features=[f"{TUNE}+notify"]).enter()
    await romeo["xep_0115"].update_caps()
    juliet = await Session("juliet", "balcony").enter()
    await befriend(juliet, romeo)

    # Personal events (XEP-0163), to those whose capabilities ask for them (XEP-0115).
    events = asyncio.Queue()
    romeo.add_event_handler("pubsub_publish", lambda message: events.put_nowait(message))
    await asyncio.sleep(1)
    await juliet["xep_0060"].publish(juliet.boundjid.bare, TUNE, id="current", payload=tune("Yessongs"))
    event = await asyncio.wait_for(events.get(), 10)
    item = event["pubsub_event"]["items"]["item"]
    seen["event"] = [str(event["from"]), item["id"], item["payload"].find(f"{{{TUNE}}}title").text]
    items = await romeo["xep_0060"].get_items(juliet.boundjid.bare, TUNE)
    seen["items"] = [entry["id"] for entry in items["pubsub"]["items"]]

    # A node of the service (XEP-0060).
    service = f"pubsub.{domain}"
    await juliet["xep_0060"].create_node(service, "meter")
    subscription = await romeo["xep_0060"].subscribe(service, "meter")
    seen["subscription"] = subscription["pubsub"]["subscription"]["subscription"]
    await juliet["xep_0060"].publish(service, "meter", id="r1", payload=tune("a reading"))
    event = await asyncio.wait_for(events.get(), 10)
    seen["notified"] = [str(event["from"]), event["pubsub_event"]["items"]["item"]["id"]]
    try:
        await romeo["xep_0060"].publish(service, "meter", payload=tune("not mine"))
        seen["forbidden"] = None
    except IqError as error:
        seen["forbidden"] = error.condition
    await romeo["xep_0060"].unsubscribe(service, "meter")
    await juliet["xep_0060"].delete_node(service, "meter")

    # A vCard (XEP-0054).
    card = juliet["xep_0054"].make_vcard()
    card["FN"] = "Juliet Capulet"
    await juliet["xep_0054"].publish_vcard(card)
    answer = await romeo["xep_0054"].get_vcard(juliet.boundjid.bare)
    seen["card"] = answer["vcard_temp"]["FN"]

    # A file (XEP-0363).
    content = b"what's in a name? " * 1000
    url = await juliet["xep_0363"].upload_file("name.txt", input_file=io.BytesIO(content), size=len(content), content_type="text/plain")
    context = ssl.create_default_context(cafile=sys.argv[3])
    download = lambda: urllib.request.urlopen(url, context=context if url.startswith("https") else None).read()  # noqa: E731
    seen["file"] = await asyncio.get_event_loop().run_in_executor(None, download) == content
    for session in (romeo, juliet):
        await session.disconnect()
    return seen


run(main)
