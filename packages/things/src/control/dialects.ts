import {
  CONTROL_NAMESPACE,
  decodeControlFormRequest,
  decodeControlRequest,
  decodeControlResponse,
  decodeParameterErrors,
  encodeControlFormRequest,
  encodeControlRequest,
  encodeControlResponse,
  encodeParameterError,
  settingName,
} from './codec.ts';
import type { ControlDialect } from './dialect.ts';
import { encodeGroup } from './form.ts';
import { harmonizedControl } from './harmonized-codec.ts';

/** As XEP-0325 has it. */
export const XEP_CONTROL: ControlDialect = {
  name: 'xep',
  namespace: CONTROL_NAMESPACE,
  namesAll: false,
  encodeRequest: encodeControlRequest,
  decodeRequest: decodeControlRequest,
  encodeFormRequest: encodeControlFormRequest,
  decodeFormRequest: decodeControlFormRequest,
  encodeResponse: encodeControlResponse,
  decodeResponse: decodeControlResponse,
  encodeParameterError,
  decodeParameterErrors,
  settingName,
  encodeGroup,
};

/** All that are spoken here, best first. */
export const CONTROL_DIALECTS: readonly ControlDialect[] = [
  XEP_CONTROL,
  harmonizedControl('nf'),
  harmonizedControl('ieee'),
];

/** The dialect that an element is of; undefined for none. */
export function controlDialectOf(namespace: string | undefined): ControlDialect | undefined {
  return CONTROL_DIALECTS.find((dialect) => dialect.namespace === namespace);
}
