import type { Element } from '@thingward/xml';
import type { StanzaError } from '@thingward/xmpp';
import type { DialectName } from '../thing/dialect-names.ts';
import type { ControlFormRequest, ControlRequest, ControlResponse } from './codec.ts';
import type { ParameterError } from './parameter.ts';

/** One way to write control. */
export interface ControlDialect {
  readonly name: DialectName;
  /** Of all its payloads but forms: who speaks it says so by this feature. */
  readonly namespace: string;
  /** Does an answer name all that was set, or only what was where that is less than was asked for? */
  readonly namesAll: boolean;

  /** Encoders throw PayloadError for what can't be written, decoders for what is malformed. */
  encodeRequest(request: ControlRequest): Element;
  decodeRequest(element: Element): ControlRequest;
  encodeFormRequest(request: ControlFormRequest): Element;
  decodeFormRequest(element: Element): ControlFormRequest;
  encodeResponse(response: ControlResponse): Element;
  decodeResponse(element: Element): ControlResponse;
  /** What an error reply says of a parameter that was refused. */
  encodeParameterError(error: ParameterError): Element;
  /** The parameters that an error reply is about; none when it is about none. */
  decodeParameterErrors(error: StanzaError): readonly ParameterError[];
  /** The name of the parameter that a child of a `<set/>` sets; undefined where it sets none. */
  settingName(child: Element): string | undefined;
  /** Marks the field of a form as one of a group. */
  encodeGroup(group: string): Element;
}
