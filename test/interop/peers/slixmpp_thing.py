"""A Thing written with slixmpp: two nodes that can be read with its XEP-0323 plug-in, and set with its XEP-0325 plug-in.

Arguments: host port certificate jid password. Prints {"jid": ...} when it is there, and the values of its parameters as JSON when its
input ends.
"""
import asyncio
import json
import sys

import slixmpp
from slixmpp.plugins.xep_0323 import sensordata
from slixmpp.plugins.xep_0323.device import Device as Sensor
from slixmpp.plugins.xep_0325.device import Device as Actuator



class Timer:
    """In place of the plug-in's own, in which an attribute hides a method: a device that gives a second batch ends with an error."""

    def __init__(self, interval, function, args=()):
        self._timer = asyncio.get_running_loop().call_later(interval, function, *args)

    def start(self):
        pass

    def reset(self):
        pass

    def cancel(self):
        self._timer.cancel()


sensordata.TimerReset = Timer
host, port, certificate, jid, password = sys.argv[1:]


def sensor(node):
    device = Sensor(node, {})
    for name, kind, unit, data_type in (
        ("Temperature", "numeric", "°C", None),
        ("Door", "boolean", None, None),
        ("Serial", "string", None, None),
        ("Installed", "dateTime", None, None),
        ("Mode", "enum", None, "Modes"),
        ("Uptime", "timeSpan", None, None),
    ):
        device._add_field(name, kind, unit, data_type)
    device._set_momentary_timestamp("2013-03-07T16:24:30")
    device._add_field_momentary_data("Temperature", "23.40", {"automaticReadout": "true"})
    device._add_field_momentary_data("Door", "true")
    device._add_field_momentary_data("Serial", "0815-" + node)
    device._add_field_momentary_data("Installed", "2012-01-01T00:00:00Z")
    device._add_field_momentary_data("Mode", "Auto")
    device._add_field_momentary_data("Uptime", "P1DT2H")
    for hour in range(3):
        timestamp = "2013-03-07T%02d:00:00" % hour
        device._add_field_timestamp_data("Temperature", timestamp, "2%d.0" % hour, {"historicalHour": "true"})
    return device


def actuator(node):
    device = Actuator(node)
    device._add_control_field("Output", "boolean", "false")
    device._add_control_field("Speed", "int", "0")
    return device


class Thing(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(jid, password)
        self.ca_certs = certificate
        self.actuators = {}
        self.register_plugin("xep_0030")
        self.register_plugin("xep_0199")
        self.register_plugin("xep_0323", {"threaded": False})
        self.register_plugin("xep_0325")
        for node in ("Device01", "Device02"):
            self["xep_0323"].register_node(node, sensor(node), commTimeout=10)
            self.actuators[node] = actuator(node)
            self["xep_0325"].register_node(node, self.actuators[node], commTimeout=10)
        self.add_event_handler("session_start", self.started)

    async def started(self, _):
        self.send_presence()
        print(json.dumps({"jid": self.boundjid.full}), flush=True)


async def main():
    thing = Thing()
    thing.connect(host, int(port))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    thing.disconnect()
    values = {
        node: {name: field["value"] for name, field in device.control_fields.items()}
        for node, device in thing.actuators.items()
    }
    print(json.dumps(values), flush=True)


asyncio.run(main())
