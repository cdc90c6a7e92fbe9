import { FIELD_TYPES, READOUT_DIALECTS } from '@thingward/things';
import type { Element } from '@thingward/xml';
import { attributeOf, isNode, isTrue, namedNodes } from '../named-nodes.ts';
import type { FoundOperation } from '../operation.ts';
import { type InspectedStanza, type PacketInspector, unknownOperation } from '../packet-inspector.ts';

const PROTOCOL = 'sensor-data';

/** Abbreviated kinds of fields. @see Neuro-Foundation, Sensor Data */
const SHORT_TYPES: Readonly<Record<string, string>> = {
  m: 'momentary',
  p: 'peak',
  s: 'status',
  c: 'computed',
  i: 'identity',
  h: 'historicalOther',
};
const HISTORICAL = FIELD_TYPES.filter((type) => type.startsWith('historical'));
const ANSWERS = new Set(['accepted', 'started', 'fields', 'failure', 'done', 'cancelled', 'resp', 'rejected']);

/** Read-outs: a `read` of each node and field that is named. @see XEP-0323 §3.1 */
export const sensorDataInspector: PacketInspector = {
  protocol: PROTOCOL,
  actions: ['read'],
  namespaces: READOUT_DIALECTS.map(({ namespace }) => namespace),
  answers: ANSWERS,
  about: 'addressee',
  inspect: inspectSensorData,
};

function inspectSensorData(payload: Element, { to: jid }: InspectedStanza): readonly FoundOperation[] {
  // Who takes back a read-out can take back only its own.
  if (ANSWERS.has(payload.name) || payload.name === 'cancel') return [];
  if (payload.name !== 'req') {
    return [unknownOperation(PROTOCOL, { kind: 'thing', jid }, payload, `there is no <${payload.name}/> in it`)];
  }
  return readOperations(payload, jid, PROTOCOL, 'read');
}

/** What a request for fields asks for: also of events. */
export function readOperations(
  request: Element,
  jid: string,
  protocol: string,
  action: 'read' | 'subscribe',
): readonly FoundOperation[] {
  const fieldTypes = requestedTypes(request);
  const own = request.elements.filter((child) => child.namespace === request.namespace && !isNode(child, request));
  const fields = own.filter(isField);
  const strange = own.filter((child) => !isField(child));
  const names = fields.map((field) => attributeOf(field, ['name', 'n']));
  return namedNodes(request, jid).flatMap(({ resource, ...rest }) => [
    ...(names.length === 0 ? [undefined] : names).map(
      (name): FoundOperation => ({ action, resource, facts: { protocol, name, fieldTypes, ...rest } }),
    ),
    ...strange.map((child) => unknownOperation(protocol, resource, child, `<${child.name}/> in <${request.name}/>`)),
  ]);
}

function isField({ name }: Element): boolean {
  return name === 'field' || name === 'f';
}

/** Kinds of fields that attributes ask for; all of them where they ask for none. */
function requestedTypes(request: Element): readonly string[] {
  const wanted = new Set<string>();
  for (const [name, text] of Object.entries(request.attributes)) {
    if (!isTrue(text)) continue;
    if (name === 'all') return FIELD_TYPES;
    if (name === 'historical') for (const type of HISTORICAL) wanted.add(type);
    const type = SHORT_TYPES[name] ?? name;
    if ((FIELD_TYPES as readonly string[]).includes(type)) wanted.add(type);
  }
  return wanted.size === 0 ? FIELD_TYPES : [...wanted];
}
