import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type FoundOperation, INSPECTORS, Inspection, opcuaOperations } from '@thingward/guard';
import {
  encodeCarriedRequest,
  encodeCarriedResponse,
  encodeMessage,
  isFromClient,
  isFromServer,
  MessageReader,
  messageFromXml,
  messageToXml,
  type OpcUaMessage,
} from '@thingward/opcua';
import { parseElement, xml } from '@thingward/xml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasPythonPackage, type RunningPeer, runPeer, startPeer } from './python.ts';

/** Passes octets on both ways, and keeps them: one list of octets for each connection and direction. */
class Relay {
  readonly fromClients: Buffer[][] = [];
  readonly fromServers: Buffer[][] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => {
    const server = connect(this.target, '127.0.0.1');
    this.#keep(client, server, this.fromClients);
    this.#keep(server, client, this.fromServers);
  });
  target = 0;

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as { port: number }).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #keep(from: Socket, to: Socket, lists: Buffer[][]): void {
    const list: Buffer[] = [];
    lists.push(list);
    this.#sockets.add(from);
    from.on('data', (octets) => {
      list.push(octets);
      to.write(octets);
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function messagesOf(lists: readonly (readonly Buffer[])[]): readonly OpcUaMessage[] {
  return lists.flatMap((pieces) => {
    const reader = new MessageReader();
    const found = pieces.flatMap((piece) => [...reader.push(new Uint8Array(piece))]);
    expect(reader.isPending).toBe(false);
    return found;
  });
}

const nameOf = (message: OpcUaMessage) =>
  message.kind === 'secured' ? 'secured' : message.body.kind === 'opaque' ? 'opaque' : message.body.name;
const RESOURCE = { kind: 'thing', jid: 'plant@a.b' } as const;
const short = ({ action, resource, facts }: FoundOperation) =>
  [action, resource.node, facts.attribute, facts.methodId, facts.argument, facts.number, facts.text]
    .filter((part) => part !== undefined)
    .join(' ');

describe.skipIf(!hasPythonPackage('asyncua'))('asyncua (skipped unless the Python package asyncua is there)', () => {
  const relay = new Relay();
  let server: RunningPeer;
  let seen: Record<string, unknown>;
  let written: Record<string, unknown>;

  beforeAll(async () => {
    relay.target = await freePort();
    server = await startPeer('asyncua_server.py', [String(relay.target)]);
    const port = await relay.listen();
    seen = await runPeer('asyncua_client.py', [`opc.tcp://127.0.0.1:${port}/plant`, String(server.ready.namespace)]);
    written = await server.end();
  }, 90_000);
  afterAll(() => {
    relay.close();
    server?.kill();
  });

  it('did what it was asked to', () => {
    expect(seen).toMatchObject({
      speed: 20.5,
      matrix: [
        [1, 2],
        [3, 4],
      ],
      range: 100,
      sum: 3.5,
      refused: 'BadUserAccessDenied',
      fault: 'BadUserAccessDenied',
      changes: [42.25, 43],
      event: 'over the limit',
      history: [42.25, 43],
    });
    expect(written).toEqual({ Speed: '43.0', Running: 'False', Name: "'a\\tb\\\\c'", Levels: '[7.0, 8.0, nan]' });
  });

  it.each(['clients', 'servers'] as const)(
    'every message of %s is understood, and the same octets after XML',
    (side) => {
      const lists = side === 'clients' ? relay.fromClients : relay.fromServers;
      const messages = messagesOf(lists);
      expect(messages.filter((message) => nameOf(message) === 'opaque' || nameOf(message) === 'secured')).toEqual([]);
      expect(messages.every(side === 'clients' ? isFromClient : isFromServer)).toBe(true);
      const again = messages.map((message) => messageFromXml(parseElement(messageToXml(message).toString())));
      expect(again).toEqual(messages);
      expect(Buffer.concat(again.map(encodeMessage)).equals(Buffer.concat(lists.flat()))).toBe(true);
      expect(new Set(messages.map(nameOf)).size).toBeGreaterThanOrEqual(20);
    },
  );

  it('what it reads, writes and calls is seen', () => {
    const operations = messagesOf(relay.fromClients).flatMap((message) => opcuaOperations(message, RESOURCE));
    const all = operations.map(short);
    const node = (name: string) => `ns=${server.ready.namespace};s=${name}`;
    expect(all).toEqual(
      expect.arrayContaining([
        `read ${node('Speed')} Value`,
        `read ${node('Speed')} DataType`,
        `write ${node('Speed')} Value 42.25 42.25`,
        `write ${node('Speed')} Value 43.0 43`,
        `write ${node('Running')} Value 0.0 false`,
        `write ${node('Name')} Value a\\x09b\\\\c`,
        `write ${node('Levels')} Value 7.0 7`,
        `write ${node('Levels')} Value 8.0 8`,
        `write ${node('Levels')} Value NaN`,
        `execute ${plantNode(operations)} ${node('Add')} 0 1.5 1.5`,
        `execute ${plantNode(operations)} ${node('Add')} 1 2.0 2`,
        `read ${node('Speed')} History`,
        `opaque ${node('Speed')}`,
        `edit ${node('Folder')}`,
      ]),
    );
    expect(all.filter((text) => text.startsWith('write'))).toHaveLength(8);
    expect(operations.filter(({ facts }) => facts.userToken !== undefined).map(({ facts }) => facts.userToken)).toEqual(
      ['Anonymous', 'UserName'],
    );
    expect(new Set(operations.flatMap(({ facts }) => facts.securityMode ?? []))).toEqual(new Set(['None']));
  });

  it('the same is seen of it in a stanza, and nothing of what the server says', () => {
    const inspection = new Inspection(INSPECTORS);
    const about = { kind: 'iq', type: 'set', from: 'scada@a.b', to: 'plant@a.b' } as const;
    const inStanza = (element: ReturnType<typeof messageToXml>) =>
      inspection.operations(
        parseElement(xml('iq', { xmlns: 'jabber:client', type: 'set' }, element).toString()),
        about,
      );
    for (const message of messagesOf(relay.fromClients)) {
      expect(inStanza(encodeCarriedRequest({ message }))).toEqual(opcuaOperations(message, RESOURCE));
    }
    for (const message of messagesOf(relay.fromServers)) {
      expect(inStanza(encodeCarriedResponse(message))).toEqual([]);
    }
  });
});

function plantNode(operations: readonly FoundOperation[]): string {
  return operations.find(({ action }) => action === 'execute')?.resource.node ?? '';
}
