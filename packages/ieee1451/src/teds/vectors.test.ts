import { describe, expect, it } from 'vitest';
import { NO_VECTORS, VECTORS } from '../../test/vectors.ts';
import {
  decodeTeds,
  decodeTedsBlock,
  encodeTeds,
  encodeTedsBlock,
  formatHex,
  isOpaque,
  parseHex,
  tedsFromJson,
  tedsFromXml,
  tedsToJson,
  tedsToXml,
} from '../index.ts';

/** The TEDS in the captures: those of replies, and those that stand alone. */
const CAPTURED = VECTORS.flatMap(({ name, hex, decoded, serviceType }) => {
  const teds = typeof decoded?.tedsHex === 'string' ? decoded.tedsHex : serviceType === undefined ? hex : undefined;
  return teds === undefined ? [] : [{ name, hex: teds, tlv: decoded?.tlv as [number, string][] | undefined }];
});

describe('captured TEDS', () => {
  it('are there', ({ skip }) => {
    if (NO_VECTORS) skip(NO_VECTORS);
    expect(CAPTURED.length).toBeGreaterThan(5);
  });

  it.each(CAPTURED)('$name: $hex', ({ hex, tlv }) => {
    const teds = decodeTeds(parseHex(hex) as Uint8Array);
    expect(formatHex(encodeTeds(teds))).toBe(hex);
    expect(formatHex(encodeTeds(tedsFromJson(tedsToJson(teds))))).toBe(hex);
    expect(formatHex(encodeTeds(tedsFromXml(tedsToXml(teds))))).toBe(hex);
    // Everything in what was captured from devices is understood; the figure of a book calls its Meta-TEDS that of a channel.
    if (tlv) expect(teds.fields.filter(isOpaque)).toEqual([]);
    if (tlv) expect(teds.fields.map(({ type }) => type)).toEqual(tlv.slice(1).map(([type]) => type));
    const block = (parseHex(hex) as Uint8Array).slice(4, -2);
    expect(encodeTedsBlock(decodeTedsBlock(block))).toEqual(block);
  });
});
