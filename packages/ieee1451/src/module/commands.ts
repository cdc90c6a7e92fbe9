import { BOOLEAN, type Layout, OCTETS, unsigned } from '../body.ts';
import type { CodeNames } from '../enumeration.ts';

/** One command of an NCAP to a TIM or to one of its channels. */
export interface ModuleCommand {
  readonly commandClass: number;
  readonly commandFunction: number;
  readonly name: string;
  /** What the command carries. */
  readonly arguments: Layout;
  /** What a reply carries; `none` for commands without reply, `undefined` where no public source has it: its octets are carried. */
  readonly reply: Layout | 'none' | undefined;
}

/** @see IEEE 1451.0-2007 table 15 */
export const COMMAND_CLASSES: CodeNames = {
  1: 'common',
  2: 'transducer-idle',
  3: 'transducer-operate',
  4: 'transducer-either',
  5: 'tim-sleep',
  6: 'tim-active',
  7: 'any-state',
};

const NOTHING: Layout = [];
const OCTET = unsigned(1);
const WORD = unsigned(2);
const LONG = unsigned(4);
const ACCESS_CODE: Layout = [{ name: 'accessCode', kind: OCTET }];
const SEGMENT: Layout = [
  { name: 'offset', kind: LONG },
  { name: 'octets', kind: OCTETS },
];
const TRIGGER_CONFIGURATION: Layout = [
  { name: 'destination', kind: WORD },
  { name: 'channel', kind: WORD },
  { name: 'qualityOfService', kind: OCTETS },
];
const octet = (name: string): Layout => [{ name, kind: OCTET }];
const word = (name: string): Layout => [{ name, kind: WORD }];
const long = (name: string): Layout => [{ name, kind: LONG }];
const truth = (name: string): Layout => [{ name, kind: BOOLEAN }];

type Row = readonly [number, string, Layout, Layout | 'none' | undefined];

/** @see IEEE 1451.0-2007 §7.1.1, tables 16 to 25 */
const COMMON: readonly Row[] = [
  [
    1,
    'query-teds',
    ACCESS_CODE,
    [
      { name: 'attributes', kind: OCTET },
      { name: 'status', kind: OCTET },
      { name: 'size', kind: LONG },
      { name: 'checksum', kind: WORD },
      { name: 'maximumSize', kind: LONG },
    ],
  ],
  [2, 'read-teds-segment', [...ACCESS_CODE, { name: 'offset', kind: LONG }], SEGMENT],
  [3, 'write-teds-segment', [...ACCESS_CODE, ...SEGMENT], 'none'],
  [4, 'update-teds', ACCESS_CODE, undefined],
  [5, 'run-self-test', octet('test'), 'none'],
  [6, 'write-service-request-mask', long('mask'), NOTHING],
  [7, 'read-service-request-mask', NOTHING, long('mask')],
  [8, 'read-status-event-register', NOTHING, long('register')],
  [9, 'read-status-condition-register', NOTHING, long('register')],
  [10, 'clear-status-event-register', NOTHING, NOTHING],
  [11, 'write-status-event-protocol-state', truth('enabled'), NOTHING],
  [12, 'read-status-event-protocol-state', NOTHING, truth('enabled')],
];

/** @see IEEE 1451.0-2007 §7.1.2 */
const TRANSDUCER_IDLE: readonly Row[] = [
  [1, 'set-data-repetition-count', word('count'), NOTHING],
  [2, 'set-pre-trigger-count', word('count'), NOTHING],
  [3, 'define-address-group', word('group'), NOTHING],
  [4, 'set-sampling-mode', octet('mode'), NOTHING],
  [5, 'set-data-transmission-mode', octet('mode'), NOTHING],
  [6, 'set-buffered-state', truth('buffered'), NOTHING],
  [7, 'set-end-of-data-set-operation', octet('operation'), NOTHING],
  [8, 'set-actuator-halt-mode', octet('mode'), NOTHING],
  [9, 'set-edge-to-report', octet('edge'), NOTHING],
  [10, 'calibrate', NOTHING, NOTHING],
  [11, 'zero', NOTHING, NOTHING],
  [12, 'write-corrections-state', octet('state'), NOTHING],
  [13, 'read-corrections-state', NOTHING, octet('state')],
  [14, 'write-initiate-trigger-state', truth('enabled'), NOTHING],
  [15, 'write-initiate-trigger-configuration', TRIGGER_CONFIGURATION, NOTHING],
];

/** @see IEEE 1451.0-2007 §7.1.3 */
const TRANSDUCER_OPERATE: readonly Row[] = [
  [1, 'read-data-set-segment', long('offset'), SEGMENT],
  [2, 'write-data-set-segment', SEGMENT, NOTHING],
  [3, 'trigger', NOTHING, NOTHING],
  [4, 'abort-trigger', NOTHING, NOTHING],
];

/** @see IEEE 1451.0-2007 §7.1.4, table 34 */
const TRANSDUCER_EITHER: readonly Row[] = [
  [1, 'operate', NOTHING, NOTHING],
  [2, 'idle', NOTHING, NOTHING],
  [3, 'write-trigger-state', truth('enabled'), NOTHING],
  [4, 'read-trigger-state', NOTHING, truth('enabled')],
  [5, 'read-data-repetition-count', NOTHING, word('count')],
  [6, 'read-pre-trigger-count', NOTHING, word('count')],
  [7, 'read-address-group', NOTHING, word('group')],
  [8, 'read-sampling-mode', NOTHING, octet('mode')],
  [9, 'read-data-transmission-mode', NOTHING, octet('mode')],
  [10, 'read-buffered-state', NOTHING, truth('buffered')],
  [11, 'read-end-of-data-set-operation', NOTHING, octet('operation')],
  [12, 'read-actuator-halt-mode', NOTHING, octet('mode')],
  [13, 'read-edge-to-report', NOTHING, octet('edge')],
  [14, 'read-initiate-trigger-state', NOTHING, truth('enabled')],
  [15, 'read-initiate-trigger-configuration', NOTHING, TRIGGER_CONFIGURATION],
  [16, 'device-clear', NOTHING, NOTHING],
];

/** @see IEEE 1451.0-2007 §7.1.5 */
const TIM_SLEEP: readonly Row[] = [[1, 'wake-up', NOTHING, NOTHING]];

/** @see IEEE 1451.0-2007 §7.1.6, table 36 */
const TIM_ACTIVE: readonly Row[] = [
  [1, 'read-tim-version', NOTHING, undefined],
  [2, 'sleep', NOTHING, NOTHING],
  [3, 'store-operational-setup', octet('state'), NOTHING],
  [4, 'recall-operational-setup', octet('state'), NOTHING],
  [5, 'read-ieee-1451.0-version', NOTHING, undefined],
];

/** @see IEEE 1451.0-2007 §7.1.7 */
const ANY_STATE: readonly Row[] = [[1, 'reset', NOTHING, 'none']];

/** Every command of the standard. */
export const MODULE_COMMANDS: readonly ModuleCommand[] = [
  COMMON,
  TRANSDUCER_IDLE,
  TRANSDUCER_OPERATE,
  TRANSDUCER_EITHER,
  TIM_SLEEP,
  TIM_ACTIVE,
  ANY_STATE,
].flatMap((rows, i) =>
  rows.map(([commandFunction, name, layout, reply]) => ({
    commandClass: i + 1,
    commandFunction,
    name,
    arguments: layout,
    reply,
  })),
);

/** The command of these numbers; undefined for those that are reserved or a manufacturer's. */
export function moduleCommand(commandClass: number, commandFunction: number): ModuleCommand | undefined {
  return MODULE_COMMANDS.find(
    (command) => command.commandClass === commandClass && command.commandFunction === commandFunction,
  );
}

/** The command of this name. Names are unique over all classes. */
export function moduleCommandNamed(name: string): ModuleCommand | undefined {
  return MODULE_COMMANDS.find((command) => command.name === name);
}
