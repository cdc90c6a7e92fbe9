"""A CoAP server that takes readings and gives commands, and a device that wakes once. Plain UDP. Usage: coap_peer.py server|device PORT"""

import asyncio
import json
import sys
import time

import aiocoap
from aiocoap import resource


class Readings(resource.Resource):
    async def render_put(self, request):
        return aiocoap.Message(code=aiocoap.CHANGED)


class Commands(resource.Resource):
    async def render_get(self, request):
        return aiocoap.Message(payload=json.dumps({"n": "Interval", "v": 60}).encode())


async def serve(port):
    site = resource.Site()
    site.add_resource(["t"], Readings())
    site.add_resource(["c"], Commands())
    await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", port))
    print("ready", flush=True)
    await asyncio.get_running_loop().create_future()


async def wake(port):
    context = await aiocoap.Context.create_client_context()
    reading = json.dumps({"n": "Temperature", "v": 21.5, "u": "Cel", "t": int(time.time())}).encode()
    put = aiocoap.Message(code=aiocoap.PUT, uri=f"coap://127.0.0.1:{port}/t", payload=reading)
    await context.request(put).response
    get = aiocoap.Message(code=aiocoap.GET, uri=f"coap://127.0.0.1:{port}/c")
    await context.request(get).response
    await context.shutdown()


asyncio.run({"server": serve, "device": wake}[sys.argv[1]](int(sys.argv[2])))
