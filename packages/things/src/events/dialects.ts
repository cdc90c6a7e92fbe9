import { READOUT_DIALECTS } from '../sensor-data/dialects.ts';
import { decodeSubscribe, decodeUnsubscribe, EVENTS_NAMESPACE, encodeSubscribe, encodeUnsubscribe } from './codec.ts';
import type { EventDialect } from './dialect.ts';
import { harmonizedEvents } from './harmonized-codec.ts';

/** All that are spoken here, best first. */
export const EVENT_DIALECTS: readonly EventDialect[] = READOUT_DIALECTS.map((readout) => {
  if (readout.name !== 'xep') return harmonizedEvents(readout.name, readout);
  const namespace = EVENTS_NAMESPACE;
  return { namespace, readout, encodeSubscribe, decodeSubscribe, encodeUnsubscribe, decodeUnsubscribe };
});
