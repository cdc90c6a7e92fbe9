import type { Body } from '../body.ts';
import { Ieee1451Error } from '../error.ts';
import { NO_TEDS_OFFSET } from '../module/status.ts';
import { concatOctets, formatHex, parseHex } from '../octets.ts';
import { NAME_CLASS, TEXT_CLASSES } from '../teds/classes.ts';
import { decodeTeds } from '../teds/teds.ts';

const READ_ONLY = 0x01;
const NOT_AVAILABLE = 0x02;
const TEXT = 0x10;
/** Octets of the name that an NCAP may write. */
const MAX_NAME_OCTETS = 512;

/** The TEDS of a TIM or a channel. The user's name can be written, what is else is not. @see IEEE 1451.0-2007 §7.1.1.1 to §7.1.1.4 */
export class TedsStore {
  readonly #teds: Map<number, Uint8Array>;
  #written: Uint8Array | undefined;

  constructor(teds: ReadonlyMap<number, Uint8Array>) {
    this.#teds = new Map(teds);
  }

  /** @returns the reply; undefined when it fails or is not of its commands */
  perform(name: string, body: Body, segmentOctets: number): Body | undefined {
    const accessCode = Number(body.accessCode);
    switch (name) {
      case 'query-teds':
        return this.#query(accessCode);
      case 'read-teds-segment':
        return this.#read(accessCode, Number(body.offset), segmentOctets);
      case 'write-teds-segment':
        this.#write(accessCode, Number(body.offset), parseHex(String(body.octets)));
        return undefined;
      case 'update-teds':
        return this.#update(accessCode);
      default:
        return undefined;
    }
  }

  #query(accessCode: number): Body {
    const teds = this.#teds.get(accessCode);
    if (!teds) return { attributes: READ_ONLY | NOT_AVAILABLE, status: 0, size: 0, checksum: 0, maximumSize: 0 };
    const isName = accessCode === NAME_CLASS;
    const [high = 0, low = 0] = teds.subarray(-2);
    return {
      attributes: (isName ? 0 : READ_ONLY) | (TEXT_CLASSES.has(accessCode) ? TEXT : 0),
      status: 0,
      size: teds.length,
      checksum: high * 256 + low,
      maximumSize: isName ? MAX_NAME_OCTETS : teds.length,
    };
  }

  #read(accessCode: number, offset: number, segmentOctets: number): Body {
    const teds = this.#teds.get(accessCode);
    if (!teds) return { offset: NO_TEDS_OFFSET, octets: '' };
    if (offset >= teds.length) return { offset: teds.length, octets: '' };
    return { offset, octets: formatHex(teds.subarray(offset, offset + segmentOctets)) };
  }

  #write(accessCode: number, offset: number, octets: Uint8Array | undefined): void {
    if (accessCode !== NAME_CLASS || !octets) return;
    const before = offset === 0 ? new Uint8Array(0) : this.#written;
    // A gap, or more than there is room for: what was written before is of no use either.
    const fits = before?.length === offset && offset + octets.length <= MAX_NAME_OCTETS;
    this.#written = before && fits ? concatOctets([before, octets]) : undefined;
  }

  #update(accessCode: number): Body | undefined {
    const written = this.#written;
    this.#written = undefined;
    if (accessCode !== NAME_CLASS || !written) return undefined;
    try {
      if (decodeTeds(written).tedsClass !== NAME_CLASS) return undefined;
    } catch (error) {
      if (error instanceof Ieee1451Error) return undefined;
      throw error;
    }
    this.#teds.set(NAME_CLASS, written);
    return { octets: '' };
  }
}
