import {
  channelUnit,
  decodeSamples,
  decodeTeds,
  Ieee1451Error,
  type Sample,
  type SampleDefinition,
  sampleDefinition,
  type Teds,
  tedsClassName,
  tedsFromXml,
  tedsValue,
} from '@thingward/ieee1451';
import type { Jid, RequestOptions, XmppPeer } from '@thingward/xmpp';
import type { NodeReference } from '../thing/node.ts';
import { allDocuments, getDocument } from './client.ts';
import type { DocumentContent, StoredDocument } from './document.ts';

/** Media types of a TEDS: as a TIM gives it, and as XML. */
export const TEDS_OCTETS = 'application/octet-stream';
export const TEDS_XML = 'application/xml';

/** A raw value with what it means. */
export interface InterpretedSample {
  /** A number, or octets in hexadecimal where the data model is none of numbers. */
  readonly value: Sample;
  /** UCUM; undefined for what has none. */
  readonly unit: string | undefined;
}

/** A TEDS of a document, whatever form it was put in. @throws Ieee1451Error for what is none */
export function tedsOfContent(content: DocumentContent): Teds {
  if (content.form === 'octets') return decodeTeds(content.octets);
  if (content.form === 'xml') return tedsFromXml(content.element);
  throw new Ieee1451Error('malformed-teds', 'a TEDS is given as octets or as XML, not as text');
}

/** What keeps a content from being a TEDS; undefined: it is one. */
export function tedsProblem(content: DocumentContent): string | undefined {
  try {
    tedsOfContent(content);
    return undefined;
  } catch (error) {
    if (error instanceof Ieee1451Error) return error.message;
    throw error;
  }
}

/** Says what the octets of a TransducerChannel mean, knowing its TransducerChannel TEDS alone. @see IEEE 1451.0-2007 §8.5 */
export class ChannelInterpreter {
  readonly definition: SampleDefinition;
  /** UCUM; undefined for what has none. */
  readonly unit: string | undefined;
  readonly teds: Teds;

  /** @throws Ieee1451Error `malformed-teds` for one of another kind, or one that does not say how samples are written */
  constructor(teds: Teds) {
    const kind = tedsClassName(teds.tedsClass);
    if (kind !== 'transducer-channel') {
      throw new Ieee1451Error('malformed-teds', `a TransducerChannel TEDS is needed, this is one of the class ${kind}`);
    }
    this.definition = sampleDefinition(teds);
    this.unit = channelUnit(teds);
    this.teds = teds;
  }

  /** The values of a data set. @param octets as the channel gave them @throws Ieee1451Error `malformed-message` for what are no whole samples */
  interpret(octets: Uint8Array): readonly InterpretedSample[] {
    return decodeSamples(octets, this.definition).map((value) => ({ value, unit: this.unit }));
  }
}

/** What a broker keeps of the TEDS of a TIM or a channel. */
export interface KeptTeds {
  readonly document: StoredDocument;
  readonly teds: Teds;
}

/**
 * All TEDS that a broker keeps about a Thing.
 * @throws StanzaError, PeerError, PayloadError; Ieee1451Error for one that can't be understood
 */
export async function keptTeds(
  peer: XmppPeer,
  broker: Jid,
  { thing, node }: { readonly thing: Jid; readonly node?: NodeReference | undefined },
  options?: RequestOptions,
): Promise<readonly KeptTeds[]> {
  const entries = await allDocuments(peer, broker, { thing, node, kind: 'teds' }, options);
  const kept: KeptTeds[] = [];
  for (const entry of entries) {
    const document = await getDocument(peer, broker, entry, options);
    kept.push({ document, teds: tedsOfContent(document.content) });
  }
  return kept;
}

/**
 * Interprets samples by the TransducerChannel TEDS that a broker keeps of the channel: for who has never met the TIM.
 * @throws as `keptTeds`; Ieee1451Error `malformed-teds` when there is no TransducerChannel TEDS
 */
export async function channelInterpreter(
  peer: XmppPeer,
  broker: Jid,
  channel: { readonly thing: Jid; readonly node?: NodeReference | undefined },
  options?: RequestOptions,
): Promise<ChannelInterpreter> {
  const kept = await keptTeds(peer, broker, channel, options);
  const found = kept.find(({ teds }) => tedsClassName(teds.tedsClass) === 'transducer-channel');
  if (found) return new ChannelInterpreter(found.teds);
  const where = `${channel.thing.bare}${channel.node ? `#${channel.node.nodeId}` : ''}`;
  throw new Ieee1451Error('malformed-teds', `the broker has no TransducerChannel TEDS of ${where}`);
}

/** What a TEDS is called where it is kept: the name of its class, such as `transducer-channel`. */
export function tedsDocumentName(accessCode: number): string {
  return tedsClassName(accessCode);
}

/** The name for people that a user's transducer name TEDS gives; undefined where it gives none. @see IEEE 1451.0-2007 §8.11 */
export function transducerName(kept: readonly KeptTeds[]): string | undefined {
  const named = kept.find(({ teds }) => tedsClassName(teds.tedsClass) === 'transducer-name');
  const content = named && tedsValue(named.teds, 'content');
  return typeof content === 'string' ? content : undefined;
}
