import type { ExtensionObject, StructureOf } from '@thingward/opcua';
import type { FoundOperation, OperationFacts } from '../operation.ts';
import { at, found, type Place } from './opcua-place.ts';
import { type SeenValue, seenInData } from './opcua-values.ts';

const ATTRIBUTE: Partial<OperationFacts> = { attribute: 'History' };

/** What one of the details of a HistoryUpdate changes. @see OPC 10000-11 §6.9 */
export function historyUpdates({ body }: ExtensionObject, place: Place): readonly FoundOperation[] {
  if (body.kind !== 'structure') return [found('write', place, ATTRIBUTE)];
  const write = (nodeId: StructureOf<'UpdateDataDetails'>['nodeId'], values: readonly SeenValue[]) =>
    values.map((value) => found('write', at(place, nodeId), { ...ATTRIBUTE, ...value }));
  switch (body.name) {
    case 'UpdateDataDetails':
    case 'UpdateStructureDataDetails': {
      const { nodeId, updateValues } = body.value as StructureOf<'UpdateDataDetails'>;
      const values = (updateValues ?? []).flatMap(seenInData);
      return write(nodeId, values.length > 0 ? values : [{ text: body.name }]);
    }
    // Which events, and what is deleted, is no value that could be within limits.
    case 'UpdateEventDetails':
    case 'DeleteRawModifiedDetails':
    case 'DeleteAtTimeDetails':
    case 'DeleteEventDetails': {
      const { nodeId } = body.value as StructureOf<'DeleteEventDetails'>;
      return write(nodeId, [{ text: body.name }]);
    }
    default:
      return [
        found('opaque', place, { text: body.name, problem: `${body.name} says nothing of an update of history` }),
      ];
  }
}
