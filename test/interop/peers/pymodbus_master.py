"""A Modbus master made with pymodbus. Arguments: tcp HOST PORT, or rtu|ascii SERIAL-PORT. Prints one JSON object."""
import json
import sys

from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

mode = sys.argv[1]
if mode == "tcp":
    client = ModbusTcpClient(sys.argv[2], port=int(sys.argv[3]), timeout=5, retries=0)
else:
    framer = FramerType.RTU if mode == "rtu" else FramerType.ASCII
    client = ModbusSerialClient(sys.argv[2], framer=framer, baudrate=19200, parity="N", timeout=5, retries=0)
if not client.connect():
    raise SystemExit("no connection")


def registers(answer):
    return answer.registers if not answer.isError() else {"exception": answer.exception_code}


seen = {
    "input": registers(client.read_input_registers(5, count=3, device_id=1)),
    "holding": registers(client.read_holding_registers(0, count=2, device_id=2)),
    "discrete": client.read_discrete_inputs(0, count=3, device_id=1).bits[:3],
    "coil": not client.write_coil(3, True, device_id=1).isError(),
    "coils": not client.write_coils(8, [True, False, True], device_id=1).isError(),
    "read coils": client.read_coils(3, count=8, device_id=1).bits,
    "register": not client.write_register(4, 0xBEEF, device_id=1).isError(),
    "registers": not client.write_registers(5, [1, 2, 3], device_id=1).isError(),
    "written": registers(client.read_holding_registers(4, count=4, device_id=1)),
    "masked": not client.mask_write_register(address=4, and_mask=0xFF00, or_mask=0x0011, device_id=1).isError(),
    "after mask": registers(client.read_holding_registers(4, count=1, device_id=1)),
    "both": registers(
        client.readwrite_registers(
            read_address=5, read_count=2, write_address=6, values=[42], device_id=1
        )
    ),
    "absent": registers(client.read_input_registers(500, count=1, device_id=1)),
}
identity = client.read_device_information(read_code=1, object_id=0, device_id=1)
seen["identity"] = {str(k): v.decode() for k, v in identity.information.items()}
client.close()
print(json.dumps(seen))
