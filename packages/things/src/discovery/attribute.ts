import type { Element } from '@thingward/xml';
import { Jid, StanzaError } from '@thingward/xmpp';
import type { NodeReference } from '../thing/node.ts';

/** Most characters of each part of a node reference. */
const MAX_NODE_PART_LENGTH = 256;

/** The value of an attribute that must be there. @throws StanzaError bad-request */
export function required(element: Element, name: string): string {
  const value = element.attribute(name);
  if (value === undefined) throw new StanzaError('bad-request', `<${element.name}/> needs the attribute ${name}`);
  return value;
}

/** An xs:boolean. @throws StanzaError bad-request */
export function booleanAttribute(element: Element, name: string, whenAbsent: boolean): boolean {
  const value = element.attribute(name);
  if (value === undefined) return whenAbsent;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new StanzaError('bad-request', `the attribute ${name} must be true or false`);
}

/** An integer from `min` to 2^31 - 1. @throws StanzaError bad-request */
export function countAttribute(element: Element, name: string, min: number): number | undefined {
  const value = element.attribute(name);
  if (value === undefined) return undefined;
  const count = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!(count >= min && count < 2 ** 31)) {
    throw new StanzaError('bad-request', `the attribute ${name} must be an integer of at least ${min}`);
  }
  return count;
}

/** @throws StanzaError jid-malformed; bad-request when it is missing */
export function jidAttribute(element: Element, name: string): Jid {
  const jid = Jid.tryParse(required(element, name));
  if (jid === undefined) throw new StanzaError('jid-malformed', `the attribute ${name} is no JID`);
  return jid;
}

/** The node that the attributes nodeId, sourceId and cacheType name; undefined: the JID itself. @throws StanzaError bad-request */
export function nodeOfAttributes(element: Element): NodeReference | undefined {
  const nodeId = element.attribute('nodeId');
  const sourceId = element.attribute('sourceId');
  const cacheType = element.attribute('cacheType');
  for (const part of [nodeId, sourceId, cacheType]) {
    if (part !== undefined && part.length > MAX_NODE_PART_LENGTH) {
      throw new StanzaError('bad-request', `a node reference has parts of at most ${MAX_NODE_PART_LENGTH} characters`);
    }
  }
  if (nodeId === undefined) {
    if (sourceId === undefined && cacheType === undefined) return undefined;
    throw new StanzaError('bad-request', 'sourceId and cacheType need a nodeId');
  }
  return { nodeId, ...(sourceId === undefined ? {} : { sourceId }), ...(cacheType === undefined ? {} : { cacheType }) };
}

/** Reads an answer: what is wrong with it is not the fault of who asked. @throws StanzaError undefined-condition */
export function decodeAnswer<T>(answer: Element | undefined, name: string, decode: (answer: Element) => T): T {
  if (answer?.name !== name) throw new StanzaError('undefined-condition', `the answer is no <${name}/>`);
  try {
    return decode(answer);
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
    throw new StanzaError('undefined-condition', `the answer is malformed: ${error.text ?? error.condition}`);
  }
}
