import { type Element, xml } from '@thingward/xml';

/** Stream feature. @see XEP-0138 §3 */
export const COMPRESSION_FEATURE = 'http://jabber.org/features/compress';
/** @see XEP-0138 §4 */
export const STREAM_COMPRESSION = 'http://jabber.org/protocol/compress';
/** The compression method of XEP-0322. */
export const EXI_METHOD = 'exi';

/** Why a stream stays as it is. @see XEP-0138 §5 */
export type CompressionFailure = 'setup-failed' | 'processing-failed' | 'unsupported-method';

/** How a stream can be compressed. @see XEP-0138 §3; XEP-0322 §2.2 */
export interface CompressionMethods {
  /** Methods of this stream, those of dedicated ports not among them. */
  readonly methods: readonly string[];
  /** The port that speaks EXI from the first byte. */
  readonly exiPort?: number | undefined;
}

export function encodeCompressionFeature({ methods, exiPort }: CompressionMethods): Element {
  const all = exiPort === undefined ? methods : [...methods, `${EXI_METHOD}:${exiPort}`];
  return xml(
    'compression',
    { xmlns: COMPRESSION_FEATURE },
    all.map((method) => xml('method', {}, method)),
  );
}

/** Ports that are none are left out. */
export function decodeCompressionFeature(feature: Element): CompressionMethods {
  const all = feature.childrenNamed('method').map((method) => method.text.trim());
  const port = all.map((method) => /^exi:(\d{1,5})$/.exec(method)?.[1]).find((digits) => digits !== undefined);
  const exiPort = port !== undefined && Number(port) > 0 && Number(port) < 65536 ? Number(port) : undefined;
  return { methods: all.filter((method) => !method.includes(':')), exiPort };
}

/** Asks for compression. @see XEP-0138 §4 */
export function compressRequest(method: string): Element {
  return xml('compress', { xmlns: STREAM_COMPRESSION }, xml('method', {}, method));
}

/** @returns the methods asked for */
export function decodeCompressRequest(request: Element): readonly string[] {
  return request.childrenNamed('method').map((method) => method.text.trim());
}

/** From here on the stream is compressed. @see XEP-0138 §4 */
export function compressedAnswer(): Element {
  return xml('compressed', { xmlns: STREAM_COMPRESSION });
}

export function compressionFailure(failure: CompressionFailure): Element {
  return xml('failure', { xmlns: STREAM_COMPRESSION }, xml(failure));
}

/** @returns what went wrong: one of the failures, or the condition of a stanza error */
export function decodeCompressionFailure(failure: Element): string {
  return failure.elements[0]?.name ?? 'undefined-condition';
}
