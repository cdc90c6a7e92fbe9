import { type Element, xml } from '@thingward/xml';
import type { HarmonizedName } from '../thing/dialect-names.ts';
import {
  decodeHarmonizedNodes,
  decodeHarmonizedTokens,
  identityAttribute,
  outgoingHarmonizedNode,
  outgoingHarmonizedTokens,
  outgoingIdentity,
} from '../thing/harmonized-payload.ts';
import {
  dateTimeAttribute,
  expectElement,
  flagAttribute,
  outgoingDateTime,
  outgoingText,
  PayloadError,
  requiredAttribute,
} from '../thing/payload.ts';
import { HISTORICAL_FIELD_TYPES, type ReadoutMessage, type ReadoutRequest } from './codec.ts';
import type { ReadoutDialect } from './dialect.ts';
import { FIELD_TYPES, type FieldType } from './field.ts';
import {
  decodeResponseContent,
  decodeWantedCategories,
  encodeCategories,
  encodeHarmonizedError,
  encodeHarmonizedField,
  encodeResponseContent,
} from './harmonized-field-codec.ts';

/**
 * Sensor data as the IEEE and the Neuro-Foundation have it, who differ in the namespace alone: short names, identities that are texts,
 * failures among the fields, and `more` where XEP-0323 has `done`. What it has no place for: the period of historical values.
 * @see Neuro-Foundation, Sensor Data; Sensor Data Request/Response
 */
export function harmonizedReadout(name: HarmonizedName): ReadoutDialect {
  const namespace = `urn:${name}:iot:sd:1.0`;
  const reference = (element: 'started' | 'done' | 'cancel', id: number | string) =>
    xml(element, { xmlns: namespace, id: outgoingIdentity(id, element) });
  return {
    name,
    namespace,
    cancelType: 'set',
    idAttribute: 'id',

    encodeRequest: (request) => encodeRequest(request, namespace),
    decodeRequest: (element) => decodeRequest(element, namespace),

    encodeAccepted: ({ seqnr, queued }) =>
      xml('accepted', { xmlns: namespace, id: outgoingIdentity(seqnr, 'accepted'), queued: queued || undefined }),
    decodeAccepted(element) {
      expectElement(element, 'accepted', namespace);
      return { seqnr: identityAttribute(element), queued: flagAttribute(element, 'queued', 'accepted') };
    },

    encodeCancel: (seqnr) => reference('cancel', seqnr),
    decodeCancel(element) {
      expectElement(element, 'cancel', namespace);
      return identityAttribute(element);
    },
    encodeCancelled: () => undefined,

    encodeMessage(message) {
      if (message.kind === 'started' || message.kind === 'done') return reference(message.kind, message.seqnr);
      return xml(
        'resp',
        { xmlns: namespace, id: outgoingIdentity(message.seqnr, 'resp'), more: !message.done || undefined },
        message.kind === 'fields'
          ? encodeResponseContent(message.fields, encodeHarmonizedField)
          : encodeResponseContent(message.errors, encodeHarmonizedError),
      );
    },
    asLast: (element) => element.with({ more: undefined }),
    decodeMessages: (element, defaultZone) => decodeMessages(element, namespace, defaultZone),

    tellable: (types) =>
      types.some((type) => HISTORICAL_FIELD_TYPES.includes(type))
        ? FIELD_TYPES.filter((type) => types.includes(type) || HISTORICAL_FIELD_TYPES.includes(type))
        : types,
  };
}

function encodeRequest(request: ReadoutRequest, namespace: string): Element {
  const { from, to, when } = request;
  return xml(
    'req',
    {
      xmlns: namespace,
      id: outgoingIdentity(request.seqnr, 'req'),
      ...encodeWanted(request.types),
      from: from && outgoingDateTime(from, 'req/@from'),
      to: to && outgoingDateTime(to, 'req/@to'),
      when: when && outgoingDateTime(when, 'req/@when'),
      ...outgoingHarmonizedTokens(request, 'req'),
    },
    request.nodes.map((node) => xml('nd', outgoingHarmonizedNode(node, 'req/nd'))),
    request.names.map((name) => xml('f', { n: outgoingText(name, 'req/f/@n') })),
  );
}

/** All kinds as `all`. */
export function encodeWanted(types: readonly FieldType[]): Record<string, true> {
  return FIELD_TYPES.every((type) => types.includes(type)) ? { all: true } : encodeCategories(types);
}

function decodeRequest(element: Element, namespace: string): ReadoutRequest {
  expectElement(element, 'req', namespace);
  const from = dateTimeAttribute(element, 'from', 'req');
  const to = dateTimeAttribute(element, 'to', 'req');
  if (from && to && from > to) throw new PayloadError('invalid-value', 'req/@from', 'it is after req/@to');
  return {
    seqnr: identityAttribute(element),
    nodes: decodeHarmonizedNodes(element),
    names: element.childrenNamed('f').map((field, i) => requiredAttribute(field, 'n', `req/f[${i + 1}]`)),
    types: decodeWantedCategories(element),
    from,
    to,
    when: dateTimeAttribute(element, 'when', 'req'),
    ...decodeHarmonizedTokens(element),
  };
}

/** A `<resp/>` is the fields in it and then the failures, if there are any. */
function decodeMessages(element: Element, namespace: string, defaultZone?: string): readonly ReadoutMessage[] {
  const { name } = element;
  if (element.namespace !== namespace || !['started', 'done', 'resp'].includes(name)) {
    throw new PayloadError('unexpected-element', name, `expected started, resp or done of ${namespace}`);
  }
  const seqnr = identityAttribute(element);
  if (name !== 'resp') return [{ kind: name as 'started' | 'done', seqnr }];
  const { fields, errors } = decodeResponseContent(element, defaultZone);
  const done = !flagAttribute(element, 'more', name);
  if (errors.length === 0) return [{ kind: 'fields', seqnr, fields, done }];
  const failure: ReadoutMessage = { kind: 'failure', seqnr, errors, done };
  return fields.length === 0 ? [failure] : [{ kind: 'fields', seqnr, fields, done: false }, failure];
}
