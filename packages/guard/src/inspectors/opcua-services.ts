import {
  ATTRIBUTE_IDS,
  ENUMERATIONS,
  type ExpandedNodeId,
  type ExtensionObject,
  formatText,
  type OpcUaText,
  type ServiceRequest,
  type StructureOf,
} from '@thingward/opcua';
import type { ActionName, FoundOperation, OperationFacts } from '../operation.ts';
import { historyUpdates } from './opcua-history.ts';
import { at, found, type Place, rangeOf } from './opcua-place.ts';
import { seenInData, seenValues } from './opcua-values.ts';

type Nodes = readonly ExpandedNodeId[] | null;

const TOKENS: Readonly<Record<string, string>> = {
  AnonymousIdentityToken: 'Anonymous',
  UserNameIdentityToken: 'UserName',
  X509IdentityToken: 'Certificate',
  IssuedIdentityToken: 'IssuedToken',
};

/** What a request would do: an operation at each node it names, or one at the server where it names none. */
export function requestOperations(request: ServiceRequest, place: Place): readonly FoundOperation[] {
  const operations = operationsOf(request, place);
  return operations.length > 0 ? operations : [found(emptyAction(request), place)];
}

function operationsOf(request: ServiceRequest, place: Place): readonly FoundOperation[] {
  const each = (action: ActionName, nodes: Nodes) => (nodes ?? []).map((node) => found(action, at(place, node)));
  switch (request.name) {
    case 'ReadRequest':
      return items(request.value.nodesToRead, (item) => [found('read', at(place, item.nodeId), attributeOf(item))]);
    case 'WriteRequest':
      return items(request.value.nodesToWrite, (item) => written(item, place));
    case 'CallRequest':
      return items(request.value.methodsToCall, (item) => called(item, place));
    case 'CreateMonitoredItemsRequest':
      return items(request.value.itemsToCreate, ({ itemToMonitor }) => [
        found('read', at(place, itemToMonitor.nodeId), attributeOf(itemToMonitor)),
      ]);
    case 'HistoryReadRequest':
      return items(request.value.nodesToRead, ({ nodeId, indexRange }) => [
        found('read', at(place, nodeId), { attribute: 'History', ...rangeOf(indexRange) }),
      ]);
    case 'HistoryUpdateRequest':
      return items(request.value.historyUpdateDetails, (details) => historyUpdates(details, place));
    case 'BrowseRequest':
      return items(request.value.nodesToBrowse, ({ nodeId }) => each('browse', [nodeId]));
    case 'TranslateBrowsePathsToNodeIdsRequest':
      return items(request.value.browsePaths, ({ startingNode }) => each('browse', [startingNode]));
    case 'RegisterNodesRequest':
      // Servers may give nodes other names for that session, under which nobody could tell them any more.
      return items(request.value.nodesToRegister, (node) => [
        found('opaque', at(place, node), { problem: 'a node gets another name, under which it can not be judged' }),
      ]);
    case 'UnregisterNodesRequest':
      return each('connect', request.value.nodesToUnregister);
    case 'AddNodesRequest':
      return items(request.value.nodesToAdd, ({ parentNodeId, requestedNewNodeId }) =>
        each('edit', [parentNodeId, ...(isNull(requestedNewNodeId) ? [] : [requestedNewNodeId])]),
      );
    case 'AddReferencesRequest':
      return items(request.value.referencesToAdd, (item) => each('edit', [item.sourceNodeId, item.targetNodeId]));
    case 'DeleteNodesRequest':
      return items(request.value.nodesToDelete, ({ nodeId }) => each('edit', [nodeId]));
    case 'DeleteReferencesRequest':
      return items(request.value.referencesToDelete, (item) => each('edit', [item.sourceNodeId, item.targetNodeId]));
    case 'OpenSecureChannelRequest':
      return [
        found('connect', place, { securityMode: nameIn(ENUMERATIONS.MessageSecurityMode, request.value.securityMode) }),
      ];
    case 'CreateSessionRequest':
      return [found('connect', place, { text: textOf(request.value.endpointUrl) })];
    case 'ActivateSessionRequest':
      return activated(request.value.userIdentityToken, place);
    default:
      return [];
  }
}

/** What a service is that names no nodes. */
function emptyAction({ name }: ServiceRequest): ActionName {
  switch (name) {
    case 'ReadRequest':
    case 'CreateMonitoredItemsRequest':
    case 'HistoryReadRequest':
    // They read whatever node fits.
    case 'QueryFirstRequest':
    case 'QueryNextRequest':
      return 'read';
    // What somebody else has subscribed to.
    case 'TransferSubscriptionsRequest':
      return 'subscribe';
    case 'WriteRequest':
    case 'HistoryUpdateRequest':
      return 'write';
    case 'CallRequest':
      return 'execute';
    case 'AddNodesRequest':
    case 'AddReferencesRequest':
    case 'DeleteNodesRequest':
    case 'DeleteReferencesRequest':
    case 'RegisterServerRequest':
    case 'RegisterServer2Request':
      return 'edit';
    case 'BrowseRequest':
    case 'BrowseNextRequest':
    case 'TranslateBrowsePathsToNodeIdsRequest':
    case 'FindServersRequest':
    case 'FindServersOnNetworkRequest':
    case 'GetEndpointsRequest':
      return 'browse';
    case 'RegisterNodesRequest':
      return 'opaque';
    // Channels and sessions, and subscriptions of the session: which nodes they are of was judged when their items were created.
    case 'OpenSecureChannelRequest':
    case 'CloseSecureChannelRequest':
    case 'CreateSessionRequest':
    case 'ActivateSessionRequest':
    case 'CloseSessionRequest':
    case 'CancelRequest':
    case 'UnregisterNodesRequest':
    case 'CreateSubscriptionRequest':
    case 'ModifySubscriptionRequest':
    case 'SetPublishingModeRequest':
    case 'PublishRequest':
    case 'RepublishRequest':
    case 'DeleteSubscriptionsRequest':
    case 'ModifyMonitoredItemsRequest':
    case 'SetMonitoringModeRequest':
    case 'SetTriggeringRequest':
    case 'DeleteMonitoredItemsRequest':
      return 'connect';
  }
}

function written(item: StructureOf<'WriteValue'>, place: Place): readonly FoundOperation[] {
  const facts = attributeOf(item);
  return seenInData(item.value).map((value) => found('write', at(place, item.nodeId), { ...facts, ...value }));
}

/** One operation for each value of each argument. @see OPC 10000-4 §5.12.2 */
function called(item: StructureOf<'CallMethodRequest'>, place: Place): readonly FoundOperation[] {
  const here = at(place, item.objectId);
  const methodId = at(place, item.methodId).resource.node;
  const values = (item.inputArguments ?? []).flatMap((variant, argument) =>
    seenValues(variant).map((value) => found('execute', here, { methodId, argument, ...value })),
  );
  return values.length > 0 ? values : [found('execute', here, { methodId })];
}

function attributeOf({
  attributeId,
  indexRange,
}: {
  readonly attributeId: number;
  readonly indexRange: OpcUaText | null;
}): Partial<OperationFacts> {
  return { attribute: nameIn(ATTRIBUTE_IDS, attributeId), ...rangeOf(indexRange) };
}

/** Who signs in: nobody where there is no token. @see OPC 10000-4 §5.7.3, §7.40 */
function activated(userIdentityToken: ExtensionObject, place: Place): readonly FoundOperation[] {
  const { body } = userIdentityToken;
  if (body.kind !== 'structure') {
    const isNothing = body.kind === 'none' || (body.kind === 'octets' ? body.octets : body.text) === null;
    return [found('connect', place, isNothing ? { userToken: 'Anonymous' } : {})];
  }
  const userToken = TOKENS[body.name];
  if (userToken === undefined) {
    return [found('opaque', place, { text: body.name, problem: `${body.name} says nothing of a user` })];
  }
  const { userName } = body.value as Partial<StructureOf<'UserNameIdentityToken'>>;
  return [found('connect', place, { userToken, text: textOf(userName ?? null) })];
}

function isNull(id: ExpandedNodeId): boolean {
  return id.kind === 'numeric' && id.value === 0 && id.namespace === 0 && id.namespaceUri === undefined;
}

function textOf(text: OpcUaText | null): string | undefined {
  return text === null ? undefined : formatText(text);
}

function nameIn(names: Readonly<Record<number, string>>, value: number): string {
  return names[value] ?? String(value);
}

function items<Item>(
  list: readonly Item[] | null,
  operations: (item: Item) => readonly FoundOperation[],
): readonly FoundOperation[] {
  return (list ?? []).flatMap(operations);
}
