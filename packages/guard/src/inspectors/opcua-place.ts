import { type ExpandedNodeId, formatText, nodeName, type OpcUaText } from '@thingward/opcua';
import type { ActionName, FoundOperation, OperationFacts, ResourceReference } from '../operation.ts';

/** What is said of every operation of a message. */
export interface Place {
  readonly resource: ResourceReference;
  readonly facts: OperationFacts;
}

export function found(
  action: ActionName,
  { resource, facts }: Place,
  more: Partial<OperationFacts> = {},
): FoundOperation {
  return { action, resource, facts: { ...facts, ...more } };
}

/** The same at a node of the server, by its NodeId: however it is encoded, it is the same node. */
export function at({ resource, facts }: Place, node: ExpandedNodeId): Place {
  return { resource: { ...resource, node: nodeName(node) }, facts };
}

/** The part of an array that is meant, where it is not all of it. */
export function rangeOf(indexRange: OpcUaText | null): Pick<OperationFacts, 'indexRange'> {
  return indexRange === null || indexRange.length === 0 ? {} : { indexRange: formatText(indexRange) };
}
