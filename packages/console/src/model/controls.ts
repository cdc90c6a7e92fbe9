import { batch, computed, type ReadonlySignal, signal } from '@preact/signals-core';
import {
  CONTROL_DIALECTS,
  type ControlParameter,
  type Field,
  type NodeReference,
  nodeKey,
  type ParameterState,
} from '@thingward/things';
import { type Jid, StanzaError } from '@thingward/xmpp';
import type { Connection } from './connection.ts';
import { explain } from './explain.ts';
import { ParameterControl } from './parameter-control.ts';
import { reportedValue } from './parameter-value.ts';
import { Poller } from './poller.ts';
import type { ThingMonitor } from './thing-monitor.ts';

/** The parameters of one Thing behind the JID. */
export interface ControlGroup {
  readonly node: NodeReference | undefined;
  readonly title: string | undefined;
  readonly controls: readonly ParameterControl[];
}

export type ControlsStatus =
  | { readonly kind: 'loading' }
  | { readonly kind: 'loaded' }
  | { readonly kind: 'failed'; readonly problem: string };

const REFRESH_MS = 30_000;
/** While a parameter that no field reports waits for its confirmation. */
const CONFIRM_MS = 1000;
const MAX_BACKOFF_MS = 60_000;

/** What can be set on a Thing: its control form, kept up to date by what is read of it. */
export class Controls {
  readonly #connection: Connection;
  readonly #monitor: ThingMonitor;
  readonly #poller: Poller;
  readonly #status = signal<ControlsStatus>({ kind: 'loading' });
  readonly #groups = signal<readonly ControlGroup[]>([]);
  /** Names of the fields that report a parameter, with their node. */
  readonly #reporting = new Set<string>();
  /** Nodes that were asked for their form, if there was any. */
  readonly #asked = new Set<string>();
  #stopListening: (() => void) | undefined;

  /** @param isActive are we online, and is anybody looking at the page? */
  constructor(connection: Connection, monitor: ThingMonitor, isActive: ReadonlySignal<boolean>) {
    this.#connection = connection;
    this.#monitor = monitor;
    const isThere = computed(() => monitor.status.value.kind !== 'offline');
    this.#poller = new Poller({
      intervalMs: () => (this.#awaitsForm() ? CONFIRM_MS : REFRESH_MS),
      maxBackoffMs: MAX_BACKOFF_MS,
      gate: computed(() => isActive.value && isThere.value),
      run: (signal) => this.#load(signal),
      onError: (error) => {
        this.#status.value = { kind: 'failed', problem: explain(error) };
      },
    });
  }

  get status(): ReadonlySignal<ControlsStatus> {
    return this.#status;
  }

  get groups(): ReadonlySignal<readonly ControlGroup[]> {
    return this.#groups;
  }

  start(): void {
    this.#stopListening ??= this.#monitor.onReadout((fields, startedAt) => this.#observe(fields, startedAt));
    this.#poller.start();
  }

  stop(): void {
    this.#poller.stop();
    this.#stopListening?.();
    this.#stopListening = undefined;
    for (const { controls } of this.#groups.value) for (const control of controls) control.close();
  }

  async #load(signal: AbortSignal): Promise<void> {
    const to = this.#connection.fullJidOf(this.#monitor.thing);
    if (!to) return;
    const askedAt = Date.now();
    const features = await this.#connection.features(to);
    const groups: ControlGroup[] = [];
    const nodes = [...this.#nodes()];
    for (const node of nodes) this.#asked.add(nodeKey(node));
    if (CONTROL_DIALECTS.some(({ namespace }) => features.includes(namespace))) {
      for (const node of nodes) {
        const group = await this.#loadGroup(to, node, askedAt, signal);
        if (group.controls.length > 0) groups.push(group);
      }
    }
    batch(() => {
      this.#status.value = { kind: 'loaded' };
      this.#groups.value = groups;
    });
  }

  async #loadGroup(
    thing: Jid,
    node: NodeReference | undefined,
    askedAt: number,
    signal: AbortSignal,
  ): Promise<ControlGroup> {
    try {
      const { title, parameters } = await this.#connection.controlForm({ thing, node }, signal);
      return { node, title, controls: parameters.map((state) => this.#control(node, state, askedAt)) };
    } catch (error) {
      // A JID that only hosts Things has nothing to set itself.
      const isNone = error instanceof StanzaError && error.condition === 'item-not-found';
      if (isNone) return { node, title: undefined, controls: [] };
      throw error;
    }
  }

  /** The control there was before, if the parameter is still the same, so that what is under way goes on. */
  #control(node: NodeReference | undefined, { parameter, value }: ParameterState, askedAt: number): ParameterControl {
    const before = this.#groups.value
      .find((group) => nodeKey(group.node) === nodeKey(node))
      ?.controls.find((control) => isSameParameter(control.parameter, parameter));
    const control = before ?? new ParameterControl(parameter, (wish) => this.#send(node, parameter.name, wish));
    const isReported = this.#reporting.has(reportingKey(node, parameter.name));
    if (value !== undefined && !(before && isReported)) control.observe(value, askedAt);
    return control;
  }

  async #send(
    node: NodeReference | undefined,
    name: string,
    value: Parameters<ParameterControl['set']>[0],
  ): Promise<void> {
    const thing = this.#connection.fullJidOf(this.#monitor.thing);
    if (!thing) throw new StanzaError('recipient-unavailable');
    await this.#connection.setParameters({ thing, node }, new Map([[name, value]]));
    // What the Thing says now is asked for at once.
    this.#monitor.readNow();
    if (!this.#reporting.has(reportingKey(node, name))) this.#poller.wake();
  }

  #observe(fields: readonly Field[], startedAt: number): void {
    for (const { node, name, value, qos } of fields) {
      if (!this.#asked.has(nodeKey(node))) this.#poller.wake();
      const group = this.#groups.value.find((candidate) => nodeKey(candidate.node) === nodeKey(node));
      const control = group?.controls.find(({ parameter }) => parameter.name === name);
      const reported = control && !qos.includes('missing') ? reportedValue(control.parameter, value) : undefined;
      if (!control || !reported) continue;
      this.#reporting.add(reportingKey(node, name));
      control.observe(reported, startedAt);
    }
  }

  #awaitsForm(): boolean {
    return this.#groups.value.some(({ node, controls }) =>
      controls.some(
        ({ parameter, state }) => state.peek().pending && !this.#reporting.has(reportingKey(node, parameter.name)),
      ),
    );
  }

  /** The JID itself, and the Things behind it that have fields. */
  #nodes(): Iterable<NodeReference | undefined> {
    const nodes = new Map<string, NodeReference | undefined>([[nodeKey(undefined), undefined]]);
    for (const { field } of this.#monitor.fields.peek().values()) nodes.set(nodeKey(field.node), field.node);
    return nodes.values();
  }
}

function reportingKey(node: NodeReference | undefined, name: string): string {
  return `${nodeKey(node)} ${name}`;
}

function isSameParameter(a: ControlParameter, b: ControlParameter): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
