"""Reads and writes through a bad network with pymodbus. Arguments: host port rounds. Prints one JSON object.

Writes the numbers 1, 2, 3 ... to a register and reads it back; says what was answered.
"""
import json
import sys
import time

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException

client = ModbusTcpClient(sys.argv[1], port=int(sys.argv[2]), timeout=20, retries=0)
client.connect()
seen = {"read": 0, "written": 0, "unknown": 0, "failed": 0, "wrong": 0, "seconds": 0}
started = time.monotonic()
for number in range(1, int(sys.argv[3]) + 1):
    try:
        answer = client.write_register(0, number, device_id=1)
        if not answer.isError():
            seen["written"] += 1
        else:
            seen["unknown" if answer.exception_code == 11 else "failed"] += 1
        read = client.read_holding_registers(0, count=1, device_id=1)
        if read.isError():
            seen["failed"] += 1
        else:
            seen["read"] += 1
            if not answer.isError() and read.registers != [number]:
                seen["wrong"] += 1
    except ModbusException:
        seen["failed"] += 1
seen["seconds"] = round(time.monotonic() - started, 1)
client.close()
print(json.dumps(seen))
