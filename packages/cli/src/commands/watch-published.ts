import {
  type Field,
  type FieldType,
  type FollowTrouble,
  findConventionalPublications,
  findPublications,
  followPublication,
  isSelected,
  type NodeReference,
  type PublishedNews,
  type PublishedNode,
} from '@thingward/things';
import { type Jid, StanzaError } from '@thingward/xmpp';
import type { ClientSession, ThingAddress } from '../client-session.ts';
import { CommandError } from '../errors.ts';
import { say } from '../output.ts';

/** What it publishes can be found while it is away: it is not waited for as long as where only it can answer. */
const PRESENCE_TIMEOUT_MS = 2000;
/** Items that are shown of what was published before: the last one alone may not hold the fields that are wanted. */
const RETAINED = 20;

export interface PublishedOptions {
  readonly names: readonly string[];
  /** Empty: all that the Thing publishes. */
  readonly nodes: readonly NodeReference[];
  readonly types: readonly FieldType[];
  readonly signal: AbortSignal;
  /** Items to be printed. */
  readonly count: number;
  readonly show: (thing: Jid, fields: readonly Field[]) => void;
}

/** Prints what a Thing publishes as it comes. @throws CommandError when it publishes nothing that one may read */
export async function watchPublished(
  session: ClientSession,
  address: ThingAddress,
  options: PublishedOptions,
): Promise<void> {
  const { signal, count, show } = options;
  const published = await findPublished(session, address, options);
  if (published.length === 0) throw new CommandError(`${address.jid} publishes nothing that you may read`);
  const ending = new AbortController();
  const both = AbortSignal.any([signal, ending.signal]);
  let items = 0;
  const receive = (news: PublishedNews) => {
    if (news.kind === 'gap') {
      report(`${news.missing ?? 'an unknown number of'} items are missing here: they are not kept any more`);
      return;
    }
    const fields = news.fields.filter((field) => isWanted(field, options));
    if (fields.length === 0 || items >= count) return;
    show(address.jid, fields);
    if (++items >= count) ending.abort();
  };
  try {
    await Promise.all(published.map((node) => follow(session, node, both, receive)));
  } catch (error) {
    if (!both.aborted) throw error;
  } finally {
    // One that failed takes the others with it.
    ending.abort();
  }
}

async function follow(
  { client }: ClientSession,
  { service, node }: PublishedNode,
  signal: AbortSignal,
  receive: (news: PublishedNews) => void,
): Promise<void> {
  const onTrouble = (trouble: FollowTrouble) => report(troubleText(trouble, node));
  for await (const news of followPublication(client, { service, node }, { signal, retained: RETAINED, onTrouble }))
    receive(news);
}

/** As the Thing says; where it is away, as the conventions say. */
async function findPublished(
  session: ClientSession,
  address: ThingAddress,
  { nodes, signal }: PublishedOptions,
): Promise<readonly PublishedNode[]> {
  const wanted = nodes.length > 0 ? nodes : [undefined];
  const request = { timeoutMs: 10_000, signal };
  const find = async (): Promise<(node: NodeReference | undefined) => Promise<readonly PublishedNode[]>> => {
    try {
      const to = await session.locate(address, signal, PRESENCE_TIMEOUT_MS);
      return (node) => findPublications(session.client, to, node, request);
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      return (node) => findConventionalPublications(session.client, address.jid, node, request);
    }
  };
  const of = await find();
  return (await Promise.all(wanted.map(of))).flat();
}

/** Is it one of the fields that were asked for? */
function isWanted(field: Field, { names, types, nodes }: PublishedOptions): boolean {
  const isOfNode =
    nodes.length === 0 ||
    nodes.some(({ nodeId, sourceId }) => {
      const { node } = field;
      return node?.nodeId === nodeId && (sourceId === undefined || node.sourceId === sourceId);
    });
  return isOfNode && isSelected(field, { names, types });
}

function troubleText(trouble: FollowTrouble, node: string): string {
  switch (trouble.kind) {
    case 'pending':
      return `${node}: the owner has to approve first`;
    case 'lost':
      return `${node}: ${trouble.reason}`;
    case 'malformed':
      return `${node}: an item can't be read: ${trouble.reason}`;
  }
}

function report(text: string): void {
  say(`${new Date().toISOString()}  ${text}`);
}
