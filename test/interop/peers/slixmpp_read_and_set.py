"""Signs in with slixmpp over TLS, reads a Thing with its XEP-0323 plug-in, and sets a parameter with its XEP-0325 plug-in.

Arguments: host port certificate jid password thing. Prints one JSON object.
"""
import asyncio
import json
import sys

import slixmpp


class Client(slixmpp.ClientXMPP):
    def __init__(self, jid, password, certificate, thing):
        super().__init__(jid, password)
        self.ca_certs = certificate
        self.thing = thing
        self.seen = {"fields": {}, "results": []}
        self.finished = asyncio.get_event_loop().create_future()
        self.full_jid = asyncio.get_event_loop().create_future()
        for plugin in ("xep_0030", "xep_0199", "xep_0323", "xep_0325"):
            self.register_plugin(plugin)
        self.add_event_handler("session_start", self.start)
        self.add_event_handler("failed_all_auth", lambda _: self.fail("authentication failed"))
        self.add_event_handler("presence_available", self.available)

    def fail(self, why):
        if not self.finished.done():
            self.finished.set_exception(RuntimeError(why))

    def available(self, presence):
        if presence["from"].bare == self.thing and not self.full_jid.done():
            self.full_jid.set_result(presence["from"].full)

    async def start(self, _):
        try:
            self.seen["cipher"] = self.get_ssl_context() is not None and self.transport.get_extra_info("cipher")[1]
            await self.get_roster()
            self.send_presence()
            full = await asyncio.wait_for(self.full_jid, 10)
            self.seen["ping"] = await self["xep_0199"].ping(self.boundjid.host, timeout=5) >= 0
            info = await self["xep_0030"].get_info(jid=full, timeout=5)
            self.seen["features"] = sorted(info["disco_info"]["features"])
            self["xep_0323"].request_data(self.boundjid.full, full, self.received, flags={"momentary": "true", "status": "true"})
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must hear of it
            self.fail(repr(error))

    def received(self, from_jid, result, nodeId=None, timestamp=None, fields=None, error_msg=None, **_):
        self.seen["results"].append(result)
        for field in fields or []:
            self.seen["fields"][field["name"]] = {key: field.get(key) for key in ("value", "unit", "typename")}
        if result in ("rejected", "failure"):
            self.fail(f"{result}: {error_msg}")
        if result == "done":
            self["xep_0325"].set_request(
                from_jid=self.boundjid.full,
                to_jid=from_jid,
                callback=self.controlled,
                fields=[("Valve Opening", "double", "33.5"), ("Inlet Valve", "boolean", "false")],
            )

    def controlled(self, from_jid, result, **_):
        self.seen["control"] = result
        if not self.finished.done():
            self.finished.set_result(None)


async def main():
    host, port, certificate, jid, password, thing = sys.argv[1:]
    client = Client(jid, password, certificate, thing)
    client.connect(host, int(port))
    try:
        await asyncio.wait_for(client.finished, 30)
    finally:
        client.disconnect()
    print(json.dumps(client.seen))


asyncio.run(main())
