"""A component written with slixmpp: answers disco and ping, echoes one message, and asks the server for its own disco items."""

import asyncio
import json
import sys

from slixmpp import ComponentXMPP

host, port, domain, secret = sys.argv[1:]


class Echo(ComponentXMPP):
    def __init__(self):
        super().__init__(domain, secret, host, int(port))
        for plugin in ("xep_0030", "xep_0199"):
            self.register_plugin(plugin)
        self["xep_0030"].add_identity(category="gateway", itype="plc", name="Echo", jid=domain)
        self.seen = {}
        self.finished = asyncio.get_event_loop().create_future()
        self.add_event_handler("session_start", self.started)
        self.add_event_handler("message", self.echo)

    async def started(self, _):
        items = await self["xep_0030"].get_items(jid=domain.split(".", 1)[1], ifrom=domain)
        self.seen["items"] = sorted(str(item[0]) for item in items["disco_items"]["items"])
        print(json.dumps({"ready": True}), flush=True)

    def echo(self, message):
        self.seen["from"] = str(message["from"])
        message.reply("echo: " + message["body"]).send()
        self.disconnect()
        if not self.finished.done():
            self.finished.set_result(None)


async def main():
    component = Echo()
    component.connect()
    await asyncio.wait_for(component.finished, 30)
    await asyncio.sleep(0.5)
    print(json.dumps(component.seen), flush=True)


asyncio.run(main())
