import type { Element } from '@thingward/xml';
import type { Jid } from '../jid.ts';
import { NS } from '../namespaces.ts';
import { PeerError } from '../peer.ts';
import { StreamError } from '../stream-error.ts';
import type { XmlStream } from './xml-stream.ts';

/**
 * Opens a stream. Who wants to be known is told only where nobody else can read it (RFC 6120 §4.7.1).
 * @param early sent along, without waiting for what the server offers
 * @returns the features
 */
export async function openStream(stream: XmlStream, account: Jid, early?: Element): Promise<Element> {
  sendHeader(stream, account);
  if (early) stream.send(early);
  return readOpening(stream);
}

export function sendHeader(stream: XmlStream, account: Jid): void {
  const from = stream.isEncrypted && account.local !== undefined ? account.bare.toString() : undefined;
  stream.open(account.domain, from);
}

/** Reads the header of the server's stream. @returns the features behind it */
export async function readOpening(stream: XmlStream): Promise<Element> {
  const item = await stream.read();
  if (item.kind !== 'open') throw new StreamError('bad-format', 'the server did not open its stream');
  return readFeatures(stream);
}

export async function readFeatures(stream: XmlStream): Promise<Element> {
  const features = await readElement(stream);
  if (!features.is('features', NS.stream)) throw new StreamError('bad-format', 'expected stream features');
  return features;
}

/** The next element; a stream error is thrown. */
export async function readElement(stream: XmlStream): Promise<Element> {
  const item = await stream.read();
  if (item.kind === 'close') throw new PeerError('connection-lost', 'the server closed the stream');
  if (item.kind === 'open') throw new StreamError('bad-format', 'unexpected stream header');
  if (item.element.is('error', NS.stream)) throw StreamError.fromElement(item.element);
  return item.element;
}
