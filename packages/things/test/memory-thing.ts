import type { ControlParameter, Field, NodeReference, ParameterValue, ReadoutSelection, Thing } from '../src/index.ts';

/** A Thing for tests: its read-out and its settings are functions that a test gives. */
export class MemoryThing implements Thing {
  readonly node: NodeReference | undefined;
  readonly parent: NodeReference | undefined;
  readonly metaTags: Thing['metaTags'];
  readonly parameters: readonly ControlParameter[];
  /** Values it was given, in order. */
  readonly settings: ReadonlyMap<string, ParameterValue>[] = [];
  readonly values = new Map<string, ParameterValue>();
  selection: ReadoutSelection | undefined;
  signal: AbortSignal | undefined;
  batches: (signal: AbortSignal) => AsyncIterable<readonly Field[]>;
  onSet: (values: ReadonlyMap<string, ParameterValue>, signal: AbortSignal) => Promise<void> = async () => {};

  constructor(
    options: {
      nodeId?: string;
      parent?: NodeReference;
      metaTags?: Thing['metaTags'];
      parameters?: readonly ControlParameter[];
      batches?: MemoryThing['batches'];
    } = {},
  ) {
    this.node = options.nodeId === undefined ? undefined : { nodeId: options.nodeId };
    this.parent = options.parent;
    this.metaTags = options.metaTags ?? [];
    this.parameters = options.parameters ?? [];
    this.batches = options.batches ?? (() => batches([field('Temperature', '21.50')]));
  }

  read(selection: ReadoutSelection, signal: AbortSignal): AsyncIterable<readonly Field[]> {
    this.selection = selection;
    this.signal = signal;
    return this.batches(signal);
  }

  parameterValue(name: string): ParameterValue | undefined {
    return this.values.get(name);
  }

  async set(values: ReadonlyMap<string, ParameterValue>, signal: AbortSignal): Promise<void> {
    this.settings.push(values);
    await this.onSet(values, signal);
  }
}

/** A momentary value, sampled at the start of 2024. */
export function field(name: string, value: string, changes: Partial<Field> = {}): Field {
  return {
    name,
    value: { type: 'numeric', value, unit: '°C' },
    types: ['momentary'],
    qos: ['automaticReadout'],
    timestamp: new Date('2024-01-01T00:00:00Z'),
    ...changes,
  };
}

/** Gives these batches at once. */
export async function* batches(...all: (readonly Field[])[]): AsyncGenerator<readonly Field[]> {
  yield* all;
}
