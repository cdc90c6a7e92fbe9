import type { Buffer } from 'node:buffer';

/** Octets that went one way over a TCP connection. */
export interface Sent {
  readonly fromClient: boolean;
  readonly octets: Uint8Array;
}

const RAW_IP = 101;
const MTU = 60_000;

/** A capture file of a TCP connection on the loopback interface, for programs that dissect. @param port of the server */
export function captureFile(sent: readonly Sent[], port: number): Uint8Array {
  const packets: Uint8Array[] = [];
  const next = { client: 1, server: 1 };
  const add = ({ fromClient, octets }: Sent, flags: number) => {
    const me = fromClient ? 'client' : 'server';
    const other = fromClient ? 'server' : 'client';
    packets.push(tcpPacket(fromClient, port, next[me], next[other], flags, octets));
    next[me] += octets.length;
  };
  for (const one of sent) {
    for (let at = 0; at < one.octets.length; at += MTU) {
      add({ fromClient: one.fromClient, octets: one.octets.subarray(at, at + MTU) }, 0x18);
    }
  }
  const header = new DataView(new ArrayBuffer(24));
  for (const [at, value] of [
    [0, 0xa1b2c3d4],
    [16, 0x40000],
    [20, RAW_IP],
  ] as const) {
    header.setUint32(at, value, true);
  }
  header.setUint16(4, 2, true);
  header.setUint16(6, 4, true);
  const parts = packets.flatMap((packet, i) => {
    const record = new DataView(new ArrayBuffer(16));
    record.setUint32(0, 1_700_000_000, true);
    record.setUint32(4, i, true);
    record.setUint32(8, packet.length, true);
    record.setUint32(12, packet.length, true);
    return [new Uint8Array(record.buffer), packet];
  });
  return Uint8Array.from([new Uint8Array(header.buffer), ...parts].flatMap((part) => [...part]));
}

function tcpPacket(
  fromClient: boolean,
  port: number,
  sequence: number,
  acknowledged: number,
  flags: number,
  octets: Uint8Array | Buffer,
): Uint8Array {
  const packet = new Uint8Array(40 + octets.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, packet.length);
  view.setUint8(8, 64);
  view.setUint8(9, 6);
  view.setUint32(12, 0x7f00_0001);
  view.setUint32(16, 0x7f00_0001);
  view.setUint16(20, fromClient ? 50_000 : port);
  view.setUint16(22, fromClient ? port : 50_000);
  view.setUint32(24, sequence);
  view.setUint32(28, acknowledged);
  view.setUint8(32, 0x50);
  view.setUint8(33, flags);
  view.setUint16(34, 0xffff);
  packet.set(octets, 40);
  return packet;
}
