/* A Modbus master made with libmodbus. Arguments: HOST PORT. Prints one JSON object. */
#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  modbus_t *master = modbus_new_tcp(argv[1], atoi(argv[2]));
  modbus_set_response_timeout(master, 5, 0);
  modbus_set_slave(master, 1);
  if (modbus_connect(master) == -1) return 1;
  uint16_t input[3] = {0}, after[2] = {0}, both[2] = {0};
  uint16_t values[] = {7, 8};
  uint8_t bits[4] = {0};
  int read = modbus_read_input_registers(master, 5, 3, input);
  int written = modbus_write_registers(master, 20, 2, values);
  modbus_read_registers(master, 20, 2, after);
  int coil = modbus_write_bit(master, 30, 1);
  modbus_read_bits(master, 29, 4, bits);
  modbus_write_and_read_registers(master, 21, 1, values, 20, 2, both);
  int absent = modbus_read_input_registers(master, 500, 1, input + 2);
  printf("{\"read\":%d,\"input\":[%d,%d],\"written\":%d,\"after\":[%d,%d],\"coil\":%d,\"bits\":[%d,%d,%d,%d],"
         "\"both\":[%d,%d],\"absent\":%d}\n",
         read, input[0], input[1], written, after[0], after[1], coil, bits[0], bits[1], bits[2], bits[3], both[0],
         both[1], absent == -1 ? errno - MODBUS_ENOBASE : 0);
  modbus_close(master);
  modbus_free(master);
  return 0;
}
