import type { Fragment } from '../fragment.ts';
import {
  ASSIGN_CLASS,
  COLD_RESTART,
  DELAY_MEASUREMENT,
  DIRECT_OPERATE,
  DIRECT_OPERATE_NO_RESPONSE,
  DISABLE_UNSOLICITED,
  ENABLE_UNSOLICITED,
  FREEZE_CLEAR,
  FREEZE_CLEAR_NO_RESPONSE,
  IMMEDIATE_FREEZE,
  IMMEDIATE_FREEZE_NO_RESPONSE,
  OPERATE,
  READ,
  RECORD_CURRENT_TIME,
  SELECT,
  WARM_RESTART,
  WRITE,
} from '../function-codes.ts';
import { IIN } from '../internal-indications.ts';
import type { EventClass, PointClass, PointKind } from '../master/index.ts';
import type { ObjectHeader } from '../object-header.ts';
import { objectType } from '../objects.ts';
import type { ControlRequests } from './control-request.ts';
import type { Outstation } from './outstation.ts';
import { POINT_TYPES } from './point.ts';
import { read } from './read-request.ts';
import { ResponseBuilder, type ResponsePart } from './response-builder.ts';

/** What an outstation answers, and does after it. */
export interface Answer {
  readonly parts: readonly ResponsePart[];
  /** Bits of `IIN` about this request. */
  readonly problems: number;
  /** Done when the answer is sent. */
  readonly after?: () => void;
}

/** What a session remembers between requests. */
export interface RequestState {
  readonly outstation: Outstation;
  readonly controls: ControlRequests;
  /** Classes whose events are reported without being asked for. */
  readonly unsolicited: Set<EventClass>;
  /** When the master's message about the time came, by the outstation's own clock. */
  recordedAt: number | undefined;
}

const CLASSES = 60;
const TIME = 50;
const DELAY = 52;
const INDICATIONS = 80;
const DEADBANDS = 34;
const RESTART_BIT = 7;
const KINDS = Object.keys(POINT_TYPES) as readonly PointKind[];

/** Does what a request says. @see IEEE 1815-2012 §4.4 */
export function perform({ function: code, control, objects, rest }: Fragment, state: RequestState): Answer {
  const { outstation, controls } = state;
  if (code !== OPERATE) controls.forget();
  if (rest) {
    const [group = 0, variation = 0] = rest.octets;
    return refused(objectType(group, variation) ? IIN.parameterError : IIN.objectUnknown);
  }
  switch (code) {
    case READ: {
      const builder = new ResponseBuilder(outstation.options.maxFragmentOctets, outstation.isSynchronised);
      const source = { database: outstation.database, indications: outstation.indications(), now: outstation.time };
      const problems = read(objects, source, builder);
      return { parts: builder.finish(), problems };
    }
    case WRITE:
      return refused(objects.reduce((problems, header) => problems | write(header, state), 0));
    case SELECT:
    case OPERATE:
    case DIRECT_OPERATE:
    case DIRECT_OPERATE_NO_RESPONSE: {
      const echo = controls.perform(code, control.sequence, objects);
      return echo ? { parts: [{ objects: echo, events: new Set() }], problems: 0 } : refused(IIN.objectUnknown);
    }
    case IMMEDIATE_FREEZE:
    case IMMEDIATE_FREEZE_NO_RESPONSE:
      return refused(freeze(objects, outstation, false));
    case FREEZE_CLEAR:
    case FREEZE_CLEAR_NO_RESPONSE:
      return refused(freeze(objects, outstation, true));
    case COLD_RESTART:
      return restart('cold', outstation);
    case WARM_RESTART:
      return restart('warm', outstation);
    case ENABLE_UNSOLICITED:
    case DISABLE_UNSOLICITED:
      return refused(switchUnsolicited(objects, state, code === ENABLE_UNSOLICITED));
    case ASSIGN_CLASS:
      return refused(assignClass(objects, outstation));
    case DELAY_MEASUREMENT:
      return { parts: [{ objects: [delayHeader(0)], events: new Set() }], problems: 0 };
    case RECORD_CURRENT_TIME:
      state.recordedAt = outstation.options.now();
      return refused(0);
    default:
      return refused(IIN.functionNotSupported);
  }
}

/** An answer without objects. @param problems bits of `IIN`; 0: all is well */
function refused(problems: number): Answer {
  return { parts: [{ objects: [], events: new Set() }], problems };
}

function write({ group, variation, items }: ObjectHeader, state: RequestState): number {
  const { outstation } = state;
  const { now } = outstation.options;
  const [item] = items;
  if (group === TIME && variation === 1 && item?.time !== undefined) {
    outstation.setTime(item.time, 0);
    return 0;
  }
  if (group === TIME && variation === 3 && item?.time !== undefined) {
    if (state.recordedAt === undefined) return IIN.parameterError;
    outstation.setTime(item.time, now() - state.recordedAt);
    state.recordedAt = undefined;
    return 0;
  }
  if (group === INDICATIONS && variation === 1) {
    if (!items.every(({ index, value }) => index === RESTART_BIT && value === 0)) return IIN.parameterError;
    outstation.clearRestart();
    return 0;
  }
  if (group === DEADBANDS && variation > 0) {
    const points = items.map(({ index = -1 }) => outstation.database.point('analog', index));
    if (points.includes(undefined)) return IIN.parameterError;
    for (const [i, point] of points.entries()) if (point) point.deadband = Math.max(0, items[i]?.value ?? 0);
    return 0;
  }
  return IIN.objectUnknown;
}

function freeze(headers: readonly ObjectHeader[], outstation: Outstation, clear: boolean): number {
  const wanted = new Set<number>();
  const problems = outstation.forPoints(headers, ['counter'], ({ index }) => wanted.add(index));
  if (problems === 0) outstation.database.freeze((index) => wanted.has(index), clear);
  return problems;
}

function restart(how: 'cold' | 'warm', outstation: Outstation): Answer {
  const objects = [delayHeader(outstation.options.restartMs)];
  return { parts: [{ objects, events: new Set() }], problems: 0, after: () => outstation.restart(how) };
}

/** @param delay ms */
function delayHeader(delay: number): ObjectHeader {
  return { group: DELAY, variation: 2, prefix: 'none', range: 'count-8', count: 1, items: [{ delay }] };
}

function switchUnsolicited(
  headers: readonly ObjectHeader[],
  { outstation, unsolicited }: RequestState,
  on: boolean,
): number {
  if (!outstation.options.unsolicited) return IIN.functionNotSupported;
  let problems = 0;
  for (const { group, variation } of headers) {
    if (group !== CLASSES || variation < 2) problems |= IIN.objectUnknown;
    else if (on) unsolicited.add((variation - 1) as EventClass);
    else unsolicited.delete((variation - 1) as EventClass);
  }
  return problems;
}

/** Each class is followed by the points that go into it. @see IEEE 1815-2012 §4.4.10 */
function assignClass(headers: readonly ObjectHeader[], outstation: Outstation): number {
  let pointClass: PointClass | undefined;
  let problems = 0;
  for (const header of headers) {
    if (header.group === CLASSES) pointClass = (header.variation - 1) as PointClass;
    else if (pointClass === undefined) return IIN.parameterError;
    else {
      const to = pointClass;
      problems |= outstation.forPoints([header], KINDS, (point) => {
        point.pointClass = to;
      });
    }
  }
  return problems;
}
