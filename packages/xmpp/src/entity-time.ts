import { type Element, xml } from '@thingward/xml';
import { StanzaError } from './stanza-error.ts';

export const ENTITY_TIME = 'urn:xmpp:time';

/** @see XEP-0202 §3 */
export interface EntityTime {
  readonly utc: Date;
  /** Minutes by which the entity's own time is ahead of UTC. */
  readonly offsetMinutes: number;
}

export function encodeEntityTime({ utc, offsetMinutes }: EntityTime): Element {
  return xml('time', { xmlns: ENTITY_TIME }, xml('tzo', {}, zone(offsetMinutes)), xml('utc', {}, utc.toISOString()));
}

/** @throws StanzaError `bad-request` */
export function decodeEntityTime(element: Element): EntityTime {
  const tzo = /^(?:Z|([+-])(\d\d):(\d\d))$/.exec(element.child('tzo')?.text ?? '');
  const utc = new Date(element.child('utc')?.text ?? '');
  if (!tzo || Number.isNaN(utc.getTime())) throw new StanzaError('bad-request', 'this is no time');
  const [, sign, hours = '0', minutes = '0'] = tzo;
  const offset = Number(hours) * 60 + Number(minutes);
  return { utc, offsetMinutes: sign === '-' ? -offset : offset };
}

function zone(offsetMinutes: number): string {
  const minutes = Math.abs(offsetMinutes);
  const part = (value: number) => String(Math.trunc(value)).padStart(2, '0');
  return `${offsetMinutes < 0 ? '-' : '+'}${part(minutes / 60)}:${part(minutes % 60)}`;
}
