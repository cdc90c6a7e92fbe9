"""A client written with slixmpp that a script can await. Arguments of all scripts: host port certificate domain."""

import asyncio
import json
import sys

import slixmpp

PLUGINS = ("xep_0030", "xep_0054", "xep_0060", "xep_0115", "xep_0163", "xep_0191", "xep_0198", "xep_0199", "xep_0280", "xep_0313", "xep_0363")


class Session(slixmpp.ClientXMPP):
    """A signed-in client. What it hears is in `heard`."""

    def __init__(self, name, resource, features=()):
        _, _, certificate, domain = sys.argv[1:5]
        super().__init__(f"{name}@{domain}/{resource}", f"secret-{name}")
        self.ca_certs = certificate
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        for feature in features:
            self["xep_0030"].add_feature(feature)
        self.heard = asyncio.Queue()
        self.resumed = asyncio.get_event_loop().create_future()
        self.online = asyncio.get_event_loop().create_future()
        self.add_event_handler("session_start", self.started)
        self.add_event_handler("session_resumed", lambda _: self.resumed.done() or self.resumed.set_result(True))
        self.add_event_handler("failed_all_auth", lambda _: self.online.set_exception(RuntimeError("authentication failed")))
        self.add_event_handler("message", lambda message: self.heard.put_nowait(message))

    async def started(self, _):
        await self.get_roster()
        self.send_presence()
        if not self.online.done():
            self.online.set_result(True)

    async def enter(self):
        host, port = sys.argv[1], int(sys.argv[2])
        self.connect(host, port)
        await asyncio.wait_for(self.online, 15)
        return self

    async def body(self):
        """The next body of a message."""
        while True:
            message = await asyncio.wait_for(self.heard.get(), 10)
            if message["body"]:
                return message["body"]


def run(main):
    """Runs a coroutine and prints the object it gives as JSON."""

    async def bounded():
        print(json.dumps(await asyncio.wait_for(main(), 50)), flush=True)

    asyncio.run(bounded())
