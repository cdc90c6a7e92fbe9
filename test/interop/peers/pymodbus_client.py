"""Reads and writes the simulated PLC with pymodbus. Arguments: host port. Prints one JSON object."""
import json
import sys

from pymodbus.client import ModbusTcpClient

client = ModbusTcpClient(sys.argv[1], port=int(sys.argv[2]), timeout=3)
if not client.connect():
    raise SystemExit("no connection")
level = client.read_input_registers(0, count=2, device_id=1)
coils = client.read_coils(0, count=3, device_id=1)
written = client.write_coil(0, False, device_id=1)
after = client.read_coils(0, count=1, device_id=1)
refused = client.write_register(0, 2000, device_id=1)
absent = client.read_input_registers(500, count=1, device_id=1)
print(
    json.dumps(
        {
            "level": level.registers,
            "coils": coils.bits[:3],
            "written": not written.isError(),
            "after": after.bits[:1],
            "refused": refused.exception_code,
            "absent": absent.exception_code,
        }
    )
)
client.close()
