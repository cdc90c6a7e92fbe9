import { PayloadError, type ReadoutDialect, readoutDialectOf } from '@thingward/things';
import type { Element } from '@thingward/xml';
import type { Stanza } from '../stanza.ts';

/** What a stanza says of a read-out. */
export interface ReadoutPart {
  readonly dialect: ReadoutDialect;
  readonly payload: Element;
  /** Which one it is of. */
  readonly readout: string;
}

/** The read-out that the payload of a stanza is of; undefined for other payloads. */
export function readoutPartOf(stanza: Stanza): ReadoutPart | undefined {
  const dialect = readoutDialectOf(stanza.payload?.namespace);
  const payload = dialect && stanza.element.elements[0];
  const readout = dialect && payload?.attribute(dialect.idAttribute)?.trim();
  return readout === undefined || !payload || !dialect ? undefined : { dialect, payload, readout };
}

/** Does nothing follow this message of a read-out? What is malformed is its reader's to refuse. */
export function isLastMessage({ dialect, payload }: ReadoutPart): boolean {
  try {
    return dialect
      .decodeMessages(payload)
      .some((message) => message.kind === 'done' || ('done' in message && message.done));
  } catch (error) {
    if (error instanceof PayloadError) return false;
    throw error;
  }
}
