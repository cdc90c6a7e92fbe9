"""Polls and operates through a bad network with OpenDNP3. Arguments: host port rounds. Prints one JSON object.

Operates an output directly again and again, with a value that is another each time, and polls all after each.
Says how often each was answered, and what the output's event or state was told to be, last.
"""
import json
import os
import sys
import threading
import time

from pydnp3 import asiodnp3, asiopal, opendnp3, openpal

host, port, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
kept = []
scans = []
setpoints = []
lock = threading.Lock()


class Visitor(opendnp3.IVisitorIndexedAnalogOutputStatus):
    def OnValue(self, item):
        with lock:
            if item.index == 0:
                setpoints.append(item.value.value)


class Soe(opendnp3.ISOEHandler):
    def Process(self, info, values):
        if isinstance(values, opendnp3.ICollectionIndexedAnalogOutputStatus):
            values.Foreach(Visitor())

    def Start(self):
        pass

    def End(self):
        pass


class Application(opendnp3.IMasterApplication):
    def AssignClassDuringStartup(self):
        return False

    def OnClose(self):
        pass

    def OnOpen(self):
        pass

    def OnReceiveIIN(self, iin):
        pass

    def OnTaskStart(self, type, id):
        pass

    def OnTaskComplete(self, info):
        with lock:
            if str(info.type).split(".")[-1] == "USER_TASK":
                scans.append(str(info.result).split(".")[-1])

    def Now(self):
        return openpal.UTCTimestamp(int(time.time() * 1000))


config = asiodnp3.MasterStackConfig()
config.master.responseTimeout = openpal.TimeDuration().Seconds(20)
config.link.RemoteAddr = 10
config.link.LocalAddr = 1
manager = asiodnp3.DNP3Manager(1, asiodnp3.ConsoleLogger().Create())
retry = asiopal.ChannelRetry(openpal.TimeDuration().Milliseconds(200), openpal.TimeDuration().Milliseconds(500))
channel = manager.AddTCPClient("client", opendnp3.levels.NOTHING, retry, host, "0.0.0.0", port, None)
soe, application = Soe(), Application()
master = channel.AddMaster("master", soe, application, config)
master.Enable()
seen = {"operated": 0, "unknown": 0, "read": 0, "failed": 0, "wrong": 0, "seconds": 0}


def operate(value):
    results = []
    done = threading.Event()

    def each(item):
        results.append(str(item.status).split(".")[-1])

    def called(result):
        result.ForeachItem(each)
        done.set()

    # The library lets go of them without the interpreter's lock: they must never be the last reference.
    kept.extend([each, called])
    master.DirectOperate(opendnp3.AnalogOutputFloat32(value), 0, called, opendnp3.TaskConfig().Default())
    return done.wait(30) and results == ["SUCCESS"]


def scan():
    before = len(scans)
    master.ScanClasses(opendnp3.ClassField().AllClasses(), opendnp3.TaskConfig().Default())
    end = time.monotonic() + 30
    while time.monotonic() < end and len(scans) == before:
        time.sleep(0.01)
    return scans[before:] == ["SUCCESS"]


started = time.monotonic()
for number in range(rounds):
    value = 385.0 + number % 30
    operated = operate(value)
    seen["operated" if operated else "unknown"] += 1
    if scan():
        seen["read"] += 1
        if operated and setpoints[-1:] != [value]:
            seen["wrong"] += 1
    else:
        seen["failed"] += 1
seen["seconds"] = round(time.monotonic() - started, 1)
print(json.dumps(seen), flush=True)
# Its threads and the interpreter's lock may wait for each other for ever.
os._exit(0)
