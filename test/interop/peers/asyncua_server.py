"""A server of asyncua with values of many types, a method, events and history. Says its port in JSON, and at its end what was written."""

import asyncio
import json
import logging
import sys
from datetime import datetime, timezone

from asyncua import Server, ua, uamethod

logging.disable(logging.CRITICAL)


@uamethod
def add(parent, a, b):
    return a + b


async def main(port: int) -> None:
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/plant")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace("urn:plant")
    plant = await server.nodes.objects.add_object(index, "Plant")
    values = {
        "Speed": ua.Variant(20.5, ua.VariantType.Double),
        "Setpoint": ua.Variant(0.1, ua.VariantType.Float),
        "Running": ua.Variant(True, ua.VariantType.Boolean),
        "Count": ua.Variant(2**40, ua.VariantType.UInt64),
        "Small": ua.Variant(-5, ua.VariantType.SByte),
        "Name": ua.Variant("Überdruck", ua.VariantType.String),
        "Since": ua.Variant(datetime(2026, 7, 1, 12, 0, 0, 250000, tzinfo=timezone.utc), ua.VariantType.DateTime),
        "Raw": ua.Variant(b"\x00\xff", ua.VariantType.ByteString),
        "Title": ua.Variant(ua.LocalizedText("Pumpe", "de"), ua.VariantType.LocalizedText),
        "Levels": ua.Variant([1.5, 2.5, 3.5], ua.VariantType.Double),
        "Matrix": ua.Variant([[1, 2], [3, 4]], ua.VariantType.Int32),
        "Range": ua.Variant(ua.Range(0.0, 100.0), ua.VariantType.ExtensionObject),
    }
    nodes = {}
    for name, value in values.items():
        nodes[name] = await plant.add_variable(ua.NodeId(name, index), name, value)
        await nodes[name].set_writable()
    await plant.add_method(
        ua.NodeId("Add", index), "Add", add, [ua.VariantType.Double, ua.VariantType.Double], [ua.VariantType.Double]
    )
    await server.start()
    await server.historize_node_data_change(nodes["Speed"], count=10)
    events = await server.get_event_generator()
    print(json.dumps({"port": port, "namespace": index}), flush=True)

    async def raise_events() -> None:
        while True:
            await events.trigger(message="over the limit")
            await asyncio.sleep(0.1)

    raising = asyncio.create_task(raise_events())
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    raising.cancel()
    written = {name: repr(await nodes[name].read_value()) for name in ("Speed", "Running", "Name", "Levels")}
    await server.stop()
    print(json.dumps(written), flush=True)


asyncio.run(main(int(sys.argv[1])))
