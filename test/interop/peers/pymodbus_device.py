"""A Modbus device made with pymodbus. Arguments: tcp PORT, or rtu|ascii SERIAL-PORT.

Prints one JSON object when it listens; ends with its input. Input registers count from 0 with their address, holding registers are 17 and coils are off.
"""
import asyncio
import json
import sys

from pymodbus import FramerType
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.pdu.device import ModbusDeviceIdentification
from pymodbus.server import ModbusSerialServer, ModbusTcpServer


def unit():
    return ModbusDeviceContext(
        hr=ModbusSequentialDataBlock(1, [17] * 200),
        ir=ModbusSequentialDataBlock(1, list(range(200))),
        co=ModbusSequentialDataBlock(1, [False] * 200),
        di=ModbusSequentialDataBlock(1, [True] * 200),
    )


async def main():
    context = ModbusServerContext(devices={1: unit(), 2: unit()}, single=False)
    identity = ModbusDeviceIdentification(
        info_name={"VendorName": "pymodbus", "ProductCode": "PM", "MajorMinorRevision": "3.0"}
    )
    mode, where = sys.argv[1:]
    if mode == "tcp":
        server = ModbusTcpServer(context, address=("127.0.0.1", int(where)), identity=identity)
    else:
        framer = FramerType.RTU if mode == "rtu" else FramerType.ASCII
        server = ModbusSerialServer(context, framer=framer, port=where, baudrate=19200, parity="N", identity=identity)
    await server.serve_forever(background=True)
    print(json.dumps({"ready": True}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.shutdown()
    print(json.dumps({"ended": True}), flush=True)


asyncio.run(main())
