"""Reads a Thing in several ways with slixmpp's XEP-0323 plug-in, and sets it by message with its XEP-0325 plug-in.

Arguments: host port certificate jid password thing (a full JID). Prints one JSON object: what came, by the name of the way.
"""
import asyncio
import json
import sys

import slixmpp

host, port, certificate, jid, password, thing = sys.argv[1:]

WAYS = {
    "momentary": {"flags": {"momentary": "true"}},
    "one field": {"flags": {"all": "true"}, "fields": ["Level"]},
    "identity": {"flags": {"identity": "true"}},
    "past": {"flags": {"historical": "true"}, "fields": ["Level"]},
    "nowhere": {"flags": {"momentary": "true"}, "nodeIds": ["nowhere"]},
}


class Reader(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(jid, password)
        self.ca_certs = certificate
        for plugin in ("xep_0030", "xep_0199", "xep_0323", "xep_0325"):
            self.register_plugin(plugin)
        self.ready = asyncio.get_event_loop().create_future()
        self.add_event_handler("session_start", self.started)

    async def started(self, _):
        self.send_presence()
        self.ready.set_result(None)

    async def read(self, **wish):
        seen = {"results": [], "fields": []}
        done = asyncio.get_running_loop().create_future()

        def received(from_jid, result, nodeId=None, timestamp=None, fields=None, error_msg=None, **_):
            seen["results"].append(result)
            for field in fields or []:
                seen["fields"].append({"timestamp": timestamp, **field})
            if result in ("done", "failure", "rejected") and not done.done():
                done.set_result(None)

        session = self["xep_0323"].request_data(self.boundjid.full, thing, received, **wish)
        # Its plug-in knows rejections of an early draft alone: those of the XEP as published are looked for here.
        failed = asyncio.get_running_loop().create_future()
        handler = slixmpp.xmlstream.handler.Callback(
            "rejection " + session,
            slixmpp.xmlstream.matcher.StanzaPath("iq@type=error"),
            lambda iq: failed.done() or failed.set_result(iq["error"]["condition"]),
        )
        self.register_handler(handler)
        # Nor does it listen for the message that says that nothing more comes.
        finished = slixmpp.xmlstream.handler.Callback(
            "done " + session,
            slixmpp.xmlstream.matcher.MatchXPath("{jabber:client}message/{urn:xmpp:iot:sensordata}done"),
            lambda message: received(message["from"], "done"),
        )
        self.register_handler(finished)
        await asyncio.wait([done, failed], timeout=20, return_when=asyncio.FIRST_COMPLETED)
        self.remove_handler("rejection " + session)
        self.remove_handler("done " + session)
        if failed.done():
            seen["results"].append(failed.result())
        return seen


async def main():
    reader = Reader()
    reader.connect(host, int(port))
    await asyncio.wait_for(reader.ready, 20)
    seen = {name: await reader.read(**wish) for name, wish in WAYS.items()}
    reader["xep_0325"].set_command(reader.boundjid.full, thing, [("Valve Opening", "double", "61.5")])
    await asyncio.sleep(1)
    reader.disconnect()
    print(json.dumps(seen))


asyncio.run(main())
