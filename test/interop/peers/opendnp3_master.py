"""Is the master of an outstation with OpenDNP3. Arguments: host port, or serial path. Prints one JSON object."""
import json
import os
import sys
import threading
import time

from pydnp3 import asiodnp3, asiopal, opendnp3, openpal

lock = threading.Lock()
points = {}
events = []
completed = []
indications = []
kept = []

VISITORS = {
    opendnp3.ICollectionIndexedBinary: opendnp3.IVisitorIndexedBinary,
    opendnp3.ICollectionIndexedDoubleBitBinary: opendnp3.IVisitorIndexedDoubleBitBinary,
    opendnp3.ICollectionIndexedCounter: opendnp3.IVisitorIndexedCounter,
    opendnp3.ICollectionIndexedFrozenCounter: opendnp3.IVisitorIndexedFrozenCounter,
    opendnp3.ICollectionIndexedAnalog: opendnp3.IVisitorIndexedAnalog,
    opendnp3.ICollectionIndexedBinaryOutputStatus: opendnp3.IVisitorIndexedBinaryOutputStatus,
    opendnp3.ICollectionIndexedAnalogOutputStatus: opendnp3.IVisitorIndexedAnalogOutputStatus,
}


def plain(value):
    return value if isinstance(value, (bool, int, float)) else str(value).split(".")[-1]


class Soe(opendnp3.ISOEHandler):
    def Process(self, info, values):
        base = VISITORS.get(type(values))
        if base is None:
            return
        name = str(info.gv).split(".")[-1]

        class Visitor(base):
            def OnValue(self, item):
                with lock:
                    if info.isEventVariation:
                        events.append([name, item.index, plain(item.value.value)])
                    else:
                        points.setdefault(name, {})[item.index] = plain(item.value.value)

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
        with lock:
            indications.append([iin.LSB, iin.MSB])

    def OnTaskStart(self, type, id):
        pass

    def OnTaskComplete(self, info):
        with lock:
            completed.append([str(info.type).split(".")[-1], str(info.result).split(".")[-1]])

    def Now(self):
        return openpal.UTCTimestamp(int(time.time() * 1000))


config = asiodnp3.MasterStackConfig()
config.master.responseTimeout = openpal.TimeDuration().Seconds(3)
config.master.disableUnsolOnStartup = True
config.master.timeSyncMode = opendnp3.TimeSyncMode.LAN
config.link.RemoteAddr = 10
config.link.LocalAddr = 1
log = asiodnp3.ConsoleLogger().Create()
manager = asiodnp3.DNP3Manager(1, log)
retry = asiopal.ChannelRetry(openpal.TimeDuration().Milliseconds(200), openpal.TimeDuration().Milliseconds(500))
if sys.argv[1] == "serial":
    settings = asiopal.SerialSettings()
    settings.deviceName = sys.argv[2]
    channel = manager.AddSerial("serial", opendnp3.levels.NOTHING, retry, settings, None)
else:
    host, port = sys.argv[1], int(sys.argv[2])
    channel = manager.AddTCPClient("client", opendnp3.levels.NOTHING, retry, host, "0.0.0.0", port, None)
soe, application = Soe(), Application()
master = channel.AddMaster("master", soe, application, config)
master.Enable()


def until(condition, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        with lock:
            if condition():
                return True
        time.sleep(0.02)
    return False


def command(operate, *arguments):
    results = []
    done = threading.Event()

    def each(item):
        results.append([item.index, str(item.status).split(".")[-1]])

    def called(result):
        result.ForeachItem(each)
        done.set()

    # The library lets go of them without the interpreter's lock: they must never be the last reference.
    kept.extend([each, called])
    operate(*arguments, called, opendnp3.TaskConfig().Default())
    return results if done.wait(10) else "no answer"


started = until(lambda: any(task[0] == "ENABLE_UNSOLICITED" for task in completed))
before = {name: dict(values) for name, values in points.items()}
trip = opendnp3.ControlRelayOutputBlock(opendnp3.ControlCode.TRIP_PULSE_ON)
commands = {
    "trip": command(master.SelectAndOperate, trip, 0),
    "setpoint": command(master.DirectOperate, opendnp3.AnalogOutputFloat32(405.5), 0),
    "setpoint16": command(master.SelectAndOperate, opendnp3.AnalogOutputInt16(402), 0),
    "outOfRange": command(master.SelectAndOperate, opendnp3.AnalogOutputDouble64(1000), 0),
    "absent": command(master.DirectOperate, opendnp3.ControlRelayOutputBlock(opendnp3.ControlCode.LATCH_ON), 9),
}
told = until(lambda: ["Group4Var2", 0, "DETERMINED_OFF"] in events)
scans = len(completed)
master.ScanClasses(opendnp3.ClassField().AllClasses(), opendnp3.TaskConfig().Default())
scanned = until(lambda: any(task[0] == "USER_TASK" for task in completed[scans:]))
restarted = []
restart_done = threading.Event()


def on_restart(result):
    restarted.append([str(result.summary).split(".")[-1], result.restartTime.GetMilliseconds()])
    restart_done.set()


master.Restart(opendnp3.RestartType.COLD, on_restart, opendnp3.TaskConfig().Default())
restart_done.wait(10)
count = len(completed)
again = until(lambda: any(task[0] == "ENABLE_UNSOLICITED" for task in completed[count:]), 15)
print(
    json.dumps(
        {
            "started": started,
            "points": before,
            "commands": commands,
            "told": told,
            "scanned": scanned,
            "restart": restarted,
            "again": again,
            "failed": sorted({name for name, result in completed if result != "SUCCESS"}),
            "failedBeforeRestart": sorted({name for name, result in completed[:count] if result != "SUCCESS"}),
            "tasks": sorted({name for name, result in completed}),
            "indications": indications[:3],
            "events": sorted({name for name, index, value in events}),
        }
    ),
    flush=True,
)
# Its threads and the interpreter's lock may wait for each other for ever.
os._exit(0)
