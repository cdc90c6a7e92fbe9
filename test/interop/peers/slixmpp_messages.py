"""Messages with slixmpp: copies for other clients, the archive, blocking, and a stream that breaks and is resumed."""

import asyncio
import sys

from slixmpp.exceptions import IqError
from slixmpp_session import Session, run


async def main():
    seen = {}
    romeo = await Session("romeo", "orchard").enter()
    balcony = await Session("juliet", "balcony").enter()
    chamber = await Session("juliet", "chamber").enter()

    # Carbon copies (XEP-0280).
    copies = asyncio.Queue()
    chamber.add_event_handler("carbon_received", lambda copy: copies.put_nowait(copy["carbon_received"]["body"]))
    chamber.add_event_handler("carbon_sent", lambda copy: copies.put_nowait(copy["carbon_sent"]["body"]))
    await chamber["xep_0280"].enable()
    romeo.send_message(balcony.boundjid.full, "to the balcony", mtype="chat")
    seen["message"] = await balcony.body()
    seen["received"] = await asyncio.wait_for(copies.get(), 10)
    balcony.send_message(romeo.boundjid.full, "from the balcony", mtype="chat")
    seen["answer"] = await romeo.body()
    seen["sent"] = await asyncio.wait_for(copies.get(), 10)

    # The archive (XEP-0313), page by page.
    for number in range(5):
        romeo.send_message(balcony.boundjid.full, f"page {number}", mtype="chat")
        await balcony.body()
    archived = []
    async for message in balcony["xep_0313"].iterate(rsm={"max": 2}):
        archived.append(message["mam_result"]["forwarded"]["stanza"]["body"])
    seen["archived"] = archived[-5:]

    # Blocking (XEP-0191).
    await balcony["xep_0191"].block(romeo.boundjid.bare)
    blocked = await balcony["xep_0191"].get_blocked()
    seen["blocked"] = [str(item["jid"]) for item in blocked["blocklist"]["items"]]
    try:
        await romeo["xep_0199"].send_ping(balcony.boundjid.full, timeout=5)
        seen["refused"] = None
    except IqError as error:
        seen["refused"] = error.condition
    await balcony["xep_0191"].unblock(romeo.boundjid.bare)
    seen["pinged"] = await romeo["xep_0199"].ping(balcony.boundjid.full, timeout=5) >= 0

    # A broken connection, and a message sent meanwhile (XEP-0198).
    seen["managed"] = balcony["xep_0198"].enabled_in and balcony["xep_0198"].allow_resume
    address = balcony.boundjid.full
    balcony.transport.abort()
    romeo.send_message(address, "while you were away", mtype="chat")
    await asyncio.sleep(0.5)
    balcony.connect(sys.argv[1], int(sys.argv[2]))
    seen["resumed"] = await asyncio.wait_for(balcony.resumed, 15)
    seen["same"] = balcony.boundjid.full == address
    seen["late"] = await balcony.body()
    for session in (romeo, balcony, chamber):
        await session.disconnect()
    return seen


run(main)
