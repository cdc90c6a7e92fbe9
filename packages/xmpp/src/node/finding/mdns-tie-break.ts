import { isIPv6 } from 'node:net';
import type { MdnsRecord } from './mdns-records.ts';

const TYPES = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33 } as const;

/**
 * Who gets a name that two want at the same time: below zero when the others do, zero when both want the same.
 * @param ours what we propose for it @param theirs what the others do
 * @see RFC 6762 §8.2, §8.2.1
 */
export function compareProposals(ours: readonly MdnsRecord[], theirs: readonly MdnsRecord[]): number {
  const [mine, others] = [ours.map(bytesOf).sort(Buffer.compare), theirs.map(bytesOf).sort(Buffer.compare)];
  for (const [index, record] of mine.entries()) {
    const other = others[index];
    if (other === undefined) return 1;
    const order = Buffer.compare(record, other);
    if (order !== 0) return order;
  }
  return mine.length - others.length;
}

/** Type and data of a record as they are compared: without compression. */
function bytesOf(record: MdnsRecord): Buffer {
  const type = Buffer.alloc(2);
  type.writeUInt16BE(TYPES[record.type]);
  return Buffer.concat([type, dataOf(record)]);
}

function dataOf(record: MdnsRecord): Buffer {
  switch (record.type) {
    case 'A':
      return Buffer.from(record.data.split('.').map(Number));
    case 'AAAA':
      return ipv6Bytes(record.data);
    case 'PTR':
      return nameBytes(record.data);
    case 'TXT':
      return Buffer.concat(record.data.map((text) => counted(Buffer.from(text))));
    case 'SRV': {
      const { priority, weight, port, target } = record.data;
      const numbers = Buffer.alloc(6);
      for (const [index, value] of [priority, weight, port].entries()) numbers.writeUInt16BE(value, index * 2);
      return Buffer.concat([numbers, nameBytes(target)]);
    }
  }
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([...labels.map((label) => counted(Buffer.from(label))), Buffer.alloc(1)]);
}

function counted(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([Math.min(bytes.length, 255)]), bytes.subarray(0, 255)]);
}

function ipv6Bytes(address: string): Buffer {
  const bytes = Buffer.alloc(16);
  if (!isIPv6(address)) return bytes;
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const words = (text: string) =>
    text.split(':').flatMap((word): number[] => {
      if (word === '') return [];
      if (!word.includes('.')) return [Number.parseInt(word, 16)];
      const [a = 0, b = 0, c = 0, d = 0] = word.split('.').map(Number);
      return [(a << 8) | b, (c << 8) | d];
    });
  const [first, last] = [words(head), tail === undefined ? [] : words(tail)];
  const all = [...first, ...Array<number>(Math.max(0, 8 - first.length - last.length)).fill(0), ...last];
  for (const [index, word] of all.slice(0, 8).entries()) bytes.writeUInt16BE(word, index * 2);
  return bytes;
}
