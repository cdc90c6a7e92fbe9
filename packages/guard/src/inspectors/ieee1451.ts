import {
  commandFromXml,
  encodeCommand,
  encodeNetworkMessage,
  IEEE1451_NAMESPACE,
  Ieee1451Error,
  moduleCommand,
  networkMessageFromXml,
  networkService,
  type Sample,
} from '@thingward/ieee1451';
import {
  type ChannelAddress,
  decodeDiscover,
  decodeHistory,
  decodeInterfaceRequest,
  decodeRead,
  decodeStream,
  decodeWrite,
  type TransducerAddress,
} from '@thingward/ieee1451/mcap';
import type { Element } from '@thingward/xml';
import { decimalsAround } from '../decimal.ts';
import type { ActionName, FoundOperation, OperationFacts, ResourceReference } from '../operation.ts';
import { type InspectedStanza, type PacketInspector, unknownOperation } from '../packet-inspector.ts';

const PROTOCOL = 'ieee1451';
/** `interface` and `left` are there both as something asked and as something told. */
const ANSWERS: ReadonlySet<string> = new Set([
  'resources',
  'reading',
  'readings',
  'streaming',
  'joined',
  'event',
  'reply',
  'messages',
  'outcome-unknown',
]);
/** What an NCAP says of itself. */
const ANNOUNCEMENTS: ReadonlySet<string> = new Set(['announce', 'readers', 'left']);
const COMMAND = 1;

/**
 * IEEE 1451: the exchanges with an MCAP, its network messages, and commands of TIMs. The resource is the addressee, with `NCAP`,
 * `NCAP/TIM` or `NCAP/TIM/CHANNEL` as its node where the payload names them.
 */
export const ieee1451Inspector: PacketInspector = {
  protocol: PROTOCOL,
  namespaces: [IEEE1451_NAMESPACE],
  actions: ['browse', 'read', 'subscribe', 'write', 'execute', 'edit', 'publish'],
  answers: ANSWERS,
  about: 'addressee',
  inspect(payload, stanza) {
    if (ANSWERS.has(payload.name) || isAnswer(payload, stanza)) return [];
    // An MCAP is a service; an NCAP, or a TIM behind one, has an account.
    const resource = { kind: stanza.to.includes('@') ? 'thing' : 'service', jid: stanza.to } as const;
    try {
      return operationsOf(payload, resource);
    } catch (error) {
      if (!(error instanceof Ieee1451Error)) throw error;
      return [unknownOperation(PROTOCOL, resource, payload, error.message)];
    }
  },
};

/** What a write to a channel would do: one for each decimal that each of its samples is judged by. */
export function channelWriteOperations(
  { channel, samples }: Pick<ChannelAddress, 'channel'> & { readonly samples: readonly Sample[] },
  resource: ResourceReference,
  name = 'write',
): readonly FoundOperation[] {
  const facts = { protocol: PROTOCOL, name, channel };
  if (samples.length === 0) return [{ action: 'write', resource, facts }];
  return [...new Set(samples)].flatMap((sample) =>
    valueFacts(sample).map((value): FoundOperation => ({ action: 'write', resource, facts: { ...facts, ...value } })),
  );
}

function valueFacts(sample: Sample): readonly Pick<OperationFacts, 'text' | 'number'>[] {
  const text = String(sample);
  // Octets have no number, whatever digits they are written with.
  const numbers = typeof sample === 'number' ? decimalsAround(text) : [];
  return numbers.length === 0 ? [{ text }] : numbers.map((number) => ({ text, number }));
}

function isAnswer({ name }: Element, { kind, type, isNested }: InspectedStanza): boolean {
  if (isNested) return false;
  if (kind === 'iq' && (type === 'result' || type === 'error')) return true;
  // A change of the tree, or the end of a stream, that is told.
  return kind === 'message' && (name === 'left' || name === 'stop');
}

function operationsOf(payload: Element, resource: ResourceReference): readonly FoundOperation[] {
  const { name } = payload;
  const one = (action: ActionName, at: Partial<TransducerAddress> = {}): readonly FoundOperation[] => [
    {
      action,
      resource: nodeAt(resource, at),
      facts: { protocol: PROTOCOL, name, ...(at.channel === undefined ? {} : { channel: at.channel }) },
    },
  ];
  if (ANNOUNCEMENTS.has(name)) return one('publish');
  switch (name) {
    case 'discover':
      return one('browse', decodeDiscover(payload));
    case 'interface':
      return one('browse', decodeInterfaceRequest(payload));
    case 'follow':
      return one('subscribe');
    case 'read':
      return one('read', decodeRead(payload));
    case 'history':
      return one('read', decodeHistory(payload));
    case 'stream':
      return one('subscribe', decodeStream(payload));
    case 'write': {
      const request = decodeWrite(payload);
      return channelWriteOperations(request, nodeAt(resource, request));
    }
    // Who asks for less can take back only its own.
    case 'stop':
    case 'unfollow':
      return [];
    case 'message':
      return networkOperations(payload, resource);
    case 'command':
      return commandOperations(payload, resource);
    default:
      return [unknownOperation(PROTOCOL, resource, payload, `there is no <${name}/> in it`)];
  }
}

/** Of a network message, by what its service is for. Those that are no commands ask for nothing. */
function networkOperations(payload: Element, resource: ResourceReference): readonly FoundOperation[] {
  const message = networkMessageFromXml(payload);
  const { serviceType, serviceId, messageType, body } = message;
  if (messageType !== COMMAND) return [];
  // What can't be sent to an NCAP is no request of one.
  encodeNetworkMessage(message);
  const service = networkService(serviceType, serviceId);
  const text = (name: string) => (body[name] === undefined ? undefined : String(body[name]));
  const channel = typeof body.channelId === 'number' ? body.channelId : undefined;
  const at = { ncap: text('ncapId'), tim: text('timId'), channel };
  const facts = { protocol: PROTOCOL, name: service?.name, channel };
  const action = service && networkAction(service.name);
  if (!action) {
    const problem = `service ${serviceType}.${serviceId} is not known`;
    return [{ action: 'unknown', resource, facts: { ...facts, problem } }];
  }
  return [{ action, resource: nodeAt(resource, at), facts: { ...facts, text: text('teds') ?? text('octets') } }];
}

function networkAction(name: string): ActionName | undefined {
  if (name.endsWith('-discovery')) return 'browse';
  if (name === 'write-teds' || name === 'update-teds') return 'edit';
  if (name.startsWith('write-')) return 'write';
  if (/^(read|query)-/.test(name)) return 'read';
  if (/^(start|subscribe)-/.test(name)) return 'subscribe';
  // Taking back, and what is told, does nothing; such a command of something else is strange.
  return name.startsWith('unsubscribe-') ? 'browse' : undefined;
}

/** Of a command to a TIM. */
function commandOperations(payload: Element, resource: ResourceReference): readonly FoundOperation[] {
  const message = commandFromXml(payload);
  encodeCommand(message);
  const { channel, commandClass, commandFunction, body } = message;
  const facts = { protocol: PROTOCOL, function: commandClass * 256 + commandFunction, channel };
  const known = moduleCommand(commandClass, commandFunction);
  if (!known) {
    const problem = `command ${commandClass}.${commandFunction} is not known`;
    return [{ action: 'unknown', resource, facts: { ...facts, problem } }];
  }
  const octets = body.octets;
  const text = typeof octets === 'string' && octets !== '' ? octets : firstOf(body);
  return [{ action: commandAction(known.name), resource, facts: { ...facts, name: known.name, text } }];
}

function commandAction(name: string): ActionName {
  if (/^(read|query)-/.test(name)) return 'read';
  if (name === 'write-data-set-segment') return 'write';
  return /^(write|update|set|define)-/.test(name) ? 'edit' : 'execute';
}

/** Of a setting: its value. */
function firstOf(body: Readonly<Record<string, unknown>>): string | undefined {
  const [first] = Object.values(body);
  return first === undefined ? undefined : String(first);
}

function nodeAt(resource: ResourceReference, at: Partial<TransducerAddress>): ResourceReference {
  const parts = [at.ncap, at.tim, at.channel || undefined].filter((part) => part !== undefined);
  return parts.length === 0 ? resource : { ...resource, node: parts.join('/').toLowerCase() };
}
