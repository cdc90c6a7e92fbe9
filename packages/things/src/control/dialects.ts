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
  encodeGroup,
};

/** All that are spoken here, best first. */
export const CONTROL_DIALECTS: readonly ControlDialect[] = [
  XEP_CONTROL,
  harmonizedControl('nf'),
  harmonizedControl('ieee'),
];
