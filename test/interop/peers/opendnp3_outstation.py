"""Is an outstation with OpenDNP3. Argument: port, or path of a serial port. Says in JSON when it is ready, and what it was told when its input ends."""
import json
import os
import sys
import time

from pydnp3 import asiodnp3, asiopal, opendnp3, openpal

said = {"commands": [], "times": 0, "restarts": 0}
database = opendnp3.DatabaseSizes.AllTypes(3)
config = asiodnp3.OutstationStackConfig(database)
config.outstation.eventBufferConfig = opendnp3.EventBufferConfig().AllTypes(50)
config.outstation.params.allowUnsolicited = True
config.link.LocalAddr = 10
config.link.RemoteAddr = 1
config.link.KeepAliveTimeout = openpal.TimeDuration().Max()
manager = asiodnp3.DNP3Manager(1, asiodnp3.ConsoleLogger().Create())
retry = asiopal.ChannelRetry().Default()
if sys.argv[1].startswith("/"):
    settings = asiopal.SerialSettings()
    settings.deviceName = sys.argv[1]
    channel = manager.AddSerial("serial", opendnp3.levels.NOTHING, retry, settings, None)
else:
    port = int(sys.argv[1])
    channel = manager.AddTCPServer("server", opendnp3.levels.NOTHING, retry, "127.0.0.1", port, None)


class Application(opendnp3.IOutstationApplication):
    def SupportsWriteAbsoluteTime(self):
        return True

    def WriteAbsoluteTime(self, timestamp):
        said["times"] += 1
        return True

    def SupportsWriteTimeAndInterval(self):
        return False

    def SupportsAssignClass(self):
        return False

    def GetApplicationIIN(self):
        iin = opendnp3.ApplicationIIN()
        iin.needTime = said["times"] == 0
        return iin

    def ColdRestartSupport(self):
        return opendnp3.RestartMode.SUPPORTED_DELAY_COARSE

    def WarmRestartSupport(self):
        return opendnp3.RestartMode.SUPPORTED_DELAY_FINE

    def ColdRestart(self):
        said["restarts"] += 1
        return 65

    def WarmRestart(self):
        said["restarts"] += 1
        return 250


def update(change):
    builder = asiodnp3.UpdateBuilder()
    change(builder)
    outstation.Apply(builder.Build())


class Commands(opendnp3.ICommandHandler):
    def Start(self):
        pass

    def End(self):
        pass

    def Select(self, command, index):
        return opendnp3.CommandStatus.SUCCESS if index < 3 else opendnp3.CommandStatus.NOT_SUPPORTED

    def Operate(self, command, index, kind):
        if index >= 3:
            return opendnp3.CommandStatus.NOT_SUPPORTED
        is_control = isinstance(command, opendnp3.ControlRelayOutputBlock)
        what = str(command.functionCode).split(".")[-1] if is_control else command.value
        said["commands"].append([index, what, str(kind).split(".")[-1]])
        now = opendnp3.DNPTime(int(time.time() * 1000))
        online = opendnp3.Flags(1)
        if is_control:
            on = command.functionCode == opendnp3.ControlCode.LATCH_ON
            update(lambda builder: builder.Update(opendnp3.Binary(on, online, now), index))
        else:
            update(lambda builder: builder.Update(opendnp3.Analog(command.value * 2, online, now), index))
        return opendnp3.CommandStatus.SUCCESS


application, handler = Application(), Commands()
outstation = channel.AddOutstation("outstation", handler, application, config)


def start(builder):
    now = opendnp3.DNPTime(1_700_000_000_000)
    for index in range(3):
        builder.Update(opendnp3.Binary(index == 1, opendnp3.Flags(1), now), index)
        builder.Update(opendnp3.Analog(21 + index, opendnp3.Flags(1), now), index)
        builder.Update(opendnp3.Counter(100 + index, opendnp3.Flags(1), now), index)
        builder.Update(opendnp3.DoubleBitBinary(opendnp3.DoubleBit.DETERMINED_ON, opendnp3.Flags(1), now), index)


update(start)
outstation.Enable()
time.sleep(0.2)
print(json.dumps({"listening": True}), flush=True)
sys.stdin.read()
print(json.dumps(said), flush=True)
# Its threads and the interpreter's lock may wait for each other for ever.
os._exit(0)
