import {
  decodeAccepted,
  decodeCancel,
  decodeReadoutMessage,
  decodeReadoutRequest,
  encodeAccepted,
  encodeCancel,
  encodeReadoutMessage,
  encodeReadoutRequest,
  SENSOR_DATA_NAMESPACE,
} from './codec.ts';
import type { ReadoutDialect } from './dialect.ts';
import { harmonizedReadout } from './harmonized-codec.ts';

/** As XEP-0323 has it. */
export const XEP_READOUT: ReadoutDialect = {
  name: 'xep',
  namespace: SENSOR_DATA_NAMESPACE,
  cancelType: 'get',
  idAttribute: 'seqnr',
  encodeRequest: encodeReadoutRequest,
  decodeRequest: decodeReadoutRequest,
  encodeAccepted,
  decodeAccepted,
  encodeCancel: (seqnr) => encodeCancel('cancel', seqnr),
  decodeCancel: (element) => decodeCancel('cancel', element),
  encodeCancelled: (seqnr) => encodeCancel('cancelled', seqnr),
  encodeMessage: encodeReadoutMessage,
  asLast: (element) => element.with({ done: true }),
  decodeMessages: (element, defaultZone) => [decodeReadoutMessage(element, defaultZone)],
  tellable: (types) => types,
};

/** All that are spoken here, best first. */
export const READOUT_DIALECTS: readonly ReadoutDialect[] = [
  XEP_READOUT,
  harmonizedReadout('nf'),
  harmonizedReadout('ieee'),
];

/** The dialect that an element is of; undefined for none. */
export function readoutDialectOf(namespace: string | undefined): ReadoutDialect | undefined {
  return READOUT_DIALECTS.find((dialect) => dialect.namespace === namespace);
}
