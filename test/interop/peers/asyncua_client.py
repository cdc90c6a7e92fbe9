"""A client of asyncua that uses the services of a server, and says in JSON what it has seen."""

import asyncio
import json
import logging
import sys
from datetime import datetime, timedelta, timezone

from asyncua import Client, ua

logging.disable(logging.CRITICAL)


class Changes:
    def __init__(self) -> None:
        self.values: list = []
        self.events: list = []

    def datachange_notification(self, node, value, data) -> None:
        self.values.append(value)

    def event_notification(self, event) -> None:
        self.events.append(event.Message.Text)

    def status_change_notification(self, status) -> None:
        pass


async def main(url: str, index: int) -> None:
    client = Client(url, timeout=10)
    await client.connect_and_get_server_endpoints()
    await client.connect_and_find_servers()
    seen = {}
    async with client:
        node = lambda name: client.get_node(ua.NodeId(name, index))
        plant = await client.nodes.objects.get_child(f"{index}:Plant")
        seen["children"] = sorted([(await child.read_browse_name()).Name for child in await plant.get_children()])
        seen["speed"] = await node("Speed").read_value()
        seen["matrix"] = await node("Matrix").read_value()
        seen["range"] = (await node("Range").read_value()).High
        for name in ("Setpoint", "Running", "Count", "Small", "Name", "Since", "Raw", "Title", "Levels"):
            await node(name).read_data_value()
        await client.read_attributes([node("Speed"), node("Name")], ua.AttributeIds.DataType)
        await node("Speed").write_value(42.25)
        await node("Running").write_value(False)
        await node("Name").write_value("a\tb\\c")
        await node("Levels").write_value([7.0, 8.0, float("nan")])
        try:
            await client.get_node(ua.NodeId("Nowhere", index)).write_value(1)
        except ua.UaError as error:
            seen["refused"] = type(error).__name__
        seen["sum"] = await plant.call_method(ua.NodeId("Add", index), 1.5, 2.0)
        registered = await client.register_nodes([node("Speed")])
        await client.unregister_nodes(registered)
        changes = Changes()
        subscription = await client.create_subscription(50, changes)
        handle = await subscription.subscribe_data_change(node("Speed"))
        events = await subscription.subscribe_events()
        await subscription.modify_monitored_item(handle, 100)
        await node("Speed").write_value(43.0)
        for _ in range(100):
            if 43.0 in changes.values and changes.events:
                break
            await asyncio.sleep(0.05)
        seen["changes"] = [value for value in changes.values if value in (42.25, 43.0)]
        seen["event"] = changes.events[0]
        await subscription.unsubscribe([handle, events])
        await subscription.delete()
        now = datetime.now(timezone.utc)
        history = await node("Speed").read_raw_history(now - timedelta(hours=1), now + timedelta(hours=1), numvalues=5)
        seen["history"] = [value.Value.Value for value in history if value.Value.Value in (42.25, 43.0)]
        try:
            await plant.add_folder(ua.NodeId("Forbidden", index), "Forbidden")
        except ua.UaError as error:
            seen["fault"] = type(error).__name__
    administrator = Client(url, timeout=10)
    administrator.set_user("admin")
    administrator.set_password("secret")
    async with administrator:
        plant = await administrator.nodes.objects.get_child(f"{index}:Plant")
        folder = await plant.add_folder(ua.NodeId("Folder", index), "Folder")
        await administrator.delete_nodes([folder])
    print(json.dumps(seen), flush=True)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
