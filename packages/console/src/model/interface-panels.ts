import { interfaceView, type ViewElement } from '@thingward/things';
import type { FieldReading } from './field-key.ts';
import type { ParameterControl } from './parameter-control.ts';

/** What a panel is mainly for: to operate, to see a measurement large, to see what was counted, to see states. */
export type PanelLayout = 'control' | 'measurement' | 'counters' | 'states';

/** By the group of an interface's name. Groups that are not here say nothing that the fields do not say as well. */
const LAYOUTS: Readonly<Record<string, PanelLayout>> = {
  Actuator: 'control',
  Controller: 'control',
  Media: 'control',
  Meter: 'counters',
  Security: 'states',
  Sensor: 'measurement',
};

type ControlKind = 'switch' | 'slider' | 'button' | 'input';
type ReadingKind = Exclude<ViewElement['kind'], ControlKind>;

/** What stands for a control where its parameter is not there, but its field is. */
const SHOWN_AS: Readonly<Record<ControlKind, ReadingKind>> = {
  switch: 'indicator',
  slider: 'gauge',
  button: 'indicator',
  input: 'value',
};

/** One thing in a panel, with what it shows or sets. */
export type PanelElement =
  | { readonly kind: 'control'; readonly control: ParameterControl }
  | {
      readonly kind: ReadingKind;
      readonly reading: FieldReading;
    };

/** What a Thing is by one of its interfaces, or by several that go together. */
export interface InterfacePanel {
  /** Of the interface; of the first, where they are several. */
  readonly name: string;
  readonly title: string;
  readonly symbol: string;
  readonly layout: PanelLayout;
  readonly elements: readonly PanelElement[];
}

/**
 * How a Thing with these interfaces is shown, most important first; interfaces that are not known, and what of them the Thing does not
 * have, are left out. Each field and each parameter is in one panel at most.
 */
export function interfacePanels(
  names: readonly string[],
  readings: readonly FieldReading[],
  controls: readonly ParameterControl[],
): readonly InterfacePanel[] {
  const shown = new Set<string>();
  const panels: InterfacePanel[] = [];
  for (const name of names) {
    const layout = LAYOUTS[name.split('.')[2] ?? ''];
    const view = interfaceView(name);
    if (layout === undefined || view === undefined) continue;
    const elements = view.elements.flatMap((element) => elementsFor(element, { readings, controls, shown }));
    if (elements.length === 0) continue;
    const before = panels.find(
      (panel) => layout === 'control' && panel.symbol === view.symbol && panel.layout === layout,
    );
    // A lamp and its dimmer are one.
    if (before) panels[panels.indexOf(before)] = { ...before, elements: [...before.elements, ...elements] };
    else panels.push({ name, title: titleOf(name), symbol: view.symbol, layout, elements });
  }
  const order: readonly PanelLayout[] = ['control', 'measurement', 'counters', 'states'];
  return panels.sort((a, b) => order.indexOf(a.layout) - order.indexOf(b.layout));
}

/** The keys of the fields that panels show, by themselves or as the state of a control. */
export function fieldsShown(panels: readonly InterfacePanel[], readings: readonly FieldReading[]): ReadonlySet<string> {
  const keys = new Set<string>();
  const names = new Set<string>();
  for (const element of panels.flatMap(({ elements }) => elements)) {
    if (element.kind === 'control') names.add(element.control.parameter.name);
    else keys.add(element.reading.key);
  }
  for (const { key, field } of readings) if (names.has(field.name)) keys.add(key);
  return keys;
}

function elementsFor(
  element: ViewElement,
  has: {
    readonly readings: readonly FieldReading[];
    readonly controls: readonly ParameterControl[];
    readonly shown: Set<string>;
  },
): PanelElement[] {
  const isNew = (name: string) => !has.shown.has(name) && has.shown.add(name);
  const readingsOf = (pattern: string, kind: ReadingKind): PanelElement[] =>
    has.readings
      .filter(({ field }) => isNamed(pattern, field.name) && isNew(field.name))
      .map((reading) => ({ kind, reading }));
  if (!('parameter' in element)) return readingsOf(element.field, element.kind);
  const controls = has.controls.filter(({ parameter }) => isNamed(element.parameter, parameter.name));
  // What can't be set can be looked at.
  if (controls.length === 0) return readingsOf(element.parameter, SHOWN_AS[element.kind]);
  return controls
    .filter(({ parameter }) => isNew(parameter.name))
    .map((control): PanelElement => ({ kind: 'control', control }));
}

/** `%1%` in the name of an interface's field stands for a number. */
function isNamed(pattern: string, name: string): boolean {
  const [before = '', after] = pattern.split('%1%');
  if (after === undefined) return pattern === name;
  const number = name.slice(before.length, name.length - after.length);
  return name.startsWith(before) && name.endsWith(after) && /^\d+$/.test(number);
}

/** `XMPP.IoT.Sensor.WindSpeed.Average` is called Wind Speed, Average. */
function titleOf(name: string): string {
  const words = name.split('.').slice(3);
  return words.map((word) => word.replace(/([a-z])(?=[A-Z])/g, '$1 ')).join(', ');
}
