import {
  decodeCarriedRequest,
  formatText,
  isRequestName,
  OPCUA_NAMESPACE,
  OpcUaError,
  type OpcUaMessage,
  type OpcUaText,
  type OpcUaValue,
  type ServiceMessage,
  type ServiceRequest,
} from '@thingward/opcua';
import type { FoundOperation, OperationFacts, ResourceReference } from '../operation.ts';
import { type PacketInspector, unknownOperation } from '../packet-inspector.ts';
import { found, type Place } from './opcua-place.ts';
import { requestOperations } from './opcua-services.ts';
import { opaqueTypes } from './opcua-values.ts';

const PROTOCOL = 'opcua';
const ANSWERS: ReadonlySet<string> = new Set(['response']);

/**
 * Messages of OPC UA: what each service does to each node it names, `connect` for channels, sessions and subscriptions as such,
 * `opaque` for what is encrypted, not understood, or understood in part, `unknown` for what is no message.
 */
export const opcuaInspector: PacketInspector = {
  protocol: PROTOCOL,
  namespaces: [OPCUA_NAMESPACE],
  actions: ['read', 'subscribe', 'browse', 'connect', 'write', 'execute', 'edit', 'opaque'],
  answers: ANSWERS,
  about: 'addressee',
  inspect(payload, { to: jid }) {
    if (ANSWERS.has(payload.name)) return [];
    const resource = { kind: 'thing', jid } as const;
    try {
      return opcuaOperations(decodeCarriedRequest(payload).message, resource);
    } catch (error) {
      if (!(error instanceof OpcUaError)) throw error;
      return [unknownOperation(PROTOCOL, resource, payload, error.message)];
    }
  },
};

/** What a client's message would do: one operation at least. */
export function opcuaOperations(message: OpcUaMessage, resource: ResourceReference): readonly FoundOperation[] {
  const place = (name: string): Place => ({ resource, facts: { protocol: PROTOCOL, name } });
  if (message.kind === 'secured') {
    return [opaque(place(message.type), 'it is signed or encrypted for somebody else')];
  }
  const { body } = message;
  if (body.kind === 'opaque') return [opaque(place('opaque'), body.problem)];
  if (body.kind === 'transport') {
    const url = body.value.endpointUrl as OpcUaText | null | undefined;
    return [found('connect', place(serviceName(body.name)), { text: url ? formatText(url) : undefined })];
  }
  if (!isRequest(body)) return [{ ...found('opaque', place(body.name)), action: 'unknown' }];
  const here = place(serviceName(body.name));
  const hidden = [...opaqueTypes(body.value as unknown as OpcUaValue)].map((type) =>
    opaque(here, `a structure of type ${type} is not understood`, { text: type }),
  );
  return [...hidden, ...requestOperations(body, here)];
}

function isRequest(message: ServiceMessage): message is ServiceRequest {
  return isRequestName(message.name);
}

function opaque(place: Place, problem: string, facts: Partial<OperationFacts> = {}): FoundOperation {
  return found('opaque', place, { ...facts, problem });
}

/** As OPC 10000-4 calls it: `write` for WriteRequest. */
function serviceName(name: string): string {
  const service = name.replace(/Request$/, '');
  return service.charAt(0).toLowerCase() + service.slice(1);
}
