import {
  configureNode,
  createNode,
  type DataForm,
  discoInfo,
  type NodeOptions,
  nodeConfiguration,
  PUBSUB,
  type RequestOptions,
  StanzaError,
  type XmppPeer,
} from '@thingward/xmpp';
import { SENSOR_DATA_NAMESPACE } from '../sensor-data/codec.ts';
import type { Publication } from './publication.ts';

const ACCESS_MODELS = { readers: 'whitelist', authorize: 'authorize', roster: 'roster' } as const;

/** The configuration of the node of a publication. @see docs/publish-subscribe.md §4 */
export function nodeOptionsOf(publication: Publication, isPersonal: boolean): NodeOptions {
  const { title, access, maxItems, expireSeconds } = publication;
  return {
    ...(title === undefined ? {} : { 'pubsub#title': title }),
    'pubsub#type': SENSOR_DATA_NAMESPACE,
    'pubsub#access_model': ACCESS_MODELS[access.kind],
    ...(access.kind === 'roster' ? { 'pubsub#roster_groups_allowed': access.groups } : {}),
    'pubsub#publish_model': 'publishers',
    'pubsub#deliver_notifications': true,
    'pubsub#deliver_payloads': true,
    'pubsub#notify_delete': true,
    'pubsub#notify_retract': false,
    'pubsub#persist_items': true,
    'pubsub#max_items': maxItems,
    ...(expireSeconds === undefined ? {} : { 'pubsub#item_expire': expireSeconds }),
    'pubsub#send_last_published_item': isPersonal ? 'on_sub_and_presence' : 'on_sub',
  };
}

/** What must be true of the node whenever something is published to it: nothing goes to a node that somebody has opened up. */
export function preconditionsOf({ access }: Publication): NodeOptions {
  return { 'pubsub#access_model': ACCESS_MODELS[access.kind], 'pubsub#persist_items': true };
}

/** A service can't have the node that a publication needs. */
export class PublicationError extends Error {
  override readonly name = 'PublicationError';
  readonly code = 'unfit-service';
}

/**
 * Makes the node, or configures the one that is there, which must be the Thing's own.
 * @returns whether the service looks at preconditions
 * @throws StanzaError `forbidden` when the node is somebody else's; PublicationError; PeerError
 * @see XEP-0060 §8.1, §8.2
 */
export async function setUpNode(
  peer: XmppPeer,
  publication: Publication,
  options: RequestOptions,
): Promise<{ readonly checksPreconditions: boolean }> {
  const { address } = publication;
  const wanted = nodeOptionsOf(publication, address.service.equals(peer.jid.bare));
  const { features } = await discoInfo(peer, address.service, options);
  const attempt = async (): Promise<void> => {
    try {
      await createNode(peer, address, wanted, options);
    } catch (error) {
      if (!(error instanceof StanzaError) || error.condition !== 'conflict') throw error;
      await configureNode(peer, address, wanted, options);
    }
  };
  try {
    await attempt();
  } catch (error) {
    if (!isRefusedConfiguration(error)) throw error;
    await setUpWhatIsOffered(peer, publication, wanted, options);
  }
  return { checksPreconditions: features.includes(`${PUBSUB}#publish-options`) };
}

/** A service that does not know all the options is asked for those it offers; who may subscribe must be among them. */
async function setUpWhatIsOffered(
  peer: XmppPeer,
  { address }: Publication,
  wanted: NodeOptions,
  options: RequestOptions,
): Promise<void> {
  try {
    await createNode(peer, address, undefined, options);
  } catch (error) {
    if (!(error instanceof StanzaError) || error.condition !== 'conflict') throw error;
  }
  const form = await nodeConfiguration(peer, address, options);
  const offered = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => isOffered(form, name, value)));
  if (!('pubsub#access_model' in offered)) {
    throw new PublicationError(
      `${address.service} does not offer the access model ${String(wanted['pubsub#access_model'])}`,
    );
  }
  await configureNode(peer, address, offered, options);
}

function isOffered(form: DataForm, name: string, value: NodeOptions[string]): boolean {
  const field = form.fields.find((candidate) => candidate.var === name);
  if (!field) return false;
  const isChoice = field.type === 'list-single' && (field.options?.length ?? 0) > 0 && typeof value === 'string';
  return !isChoice || field.options?.some((option) => option.value === value) === true;
}

function isRefusedConfiguration(error: unknown): boolean {
  return (
    error instanceof StanzaError &&
    ['bad-request', 'not-acceptable', 'feature-not-implemented'].includes(error.condition)
  );
}
