import { parseElement } from '@thingward/xml';
import { decodeDataForm, encodeDataForm } from '@thingward/xmpp';
import { expect, test } from 'vitest';
import { decodeControlForm, decodeSubmittedForm, encodeControlForm, type ParameterState } from './form.ts';

const DIMMER = `<x type='form' xmlns='jabber:x:data' xmlns:xdv='http://jabber.org/protocol/xdata-validate'
    xmlns:xdl='http://jabber.org/protocol/xdata-layout' xmlns:xdd='urn:xmpp:xdata:dynamic'>
  <title>Dimmer</title>
  <xdl:page label='Output'><xdl:fieldref var='OutputPercent'/></xdl:page>
  <field var='xdd session' type='hidden'><value>325ED0F3</value></field>
  <field var='FadeTimeMilliseconds' type='text-single' label='Fade Time (ms):'>
    <desc>Time in milliseconds used to fade the light to the desired level.</desc><value>300</value>
    <xdv:validate datatype='xs:int'><xdv:range min='0' max='4095'/></xdv:validate><xdd:notSame/>
  </field>
  <field var='MainSwitch' type='boolean' label='Main switch'><value>true</value><xdd:notSame/></field>
  <field var='Tint' type='text-single'><value>red</value><xdv:validate datatype='xdc:Color'/></field>
</x>`;

const PUMP: readonly ParameterState[] = [
  {
    parameter: {
      name: 'Speed',
      type: 'double',
      label: 'Speed',
      unit: 'm/s',
      min: -1.5,
      max: 3,
      description: 'Of the belt',
    },
    value: { type: 'double', value: '2.50' },
  },
  { parameter: { name: 'Count', type: 'long', label: 'Count', min: 0 }, value: { type: 'long', value: 7n } },
  { parameter: { name: 'Running', type: 'boolean', label: 'Running' }, value: undefined },
  {
    parameter: { name: 'Mode', type: 'string', label: 'Mode', options: [{ label: 'By hand', value: 'manual' }] },
    value: { type: 'string', value: 'manual' },
  },
  { parameter: { name: 'Lamp', type: 'color', label: 'Lamp (upper)' }, value: { type: 'color', value: '00ff00' } },
  ...(['date', 'dateTime', 'duration', 'time', 'int', 'string'] as const).map((type) => ({
    parameter: { name: `a ${type}`, type, label: type },
    value: undefined,
  })),
];

test('the form of the example of XEP-0325 §3.3.1', () => {
  expect(decodeControlForm(decodeDataForm(parseElement(DIMMER)))).toEqual({
    title: 'Dimmer',
    parameters: [
      {
        parameter: {
          name: 'FadeTimeMilliseconds',
          type: 'int',
          label: 'Fade Time',
          unit: 'ms',
          description: 'Time in milliseconds used to fade the light to the desired level.',
          min: 0,
          max: 4095,
        },
        value: { type: 'int', value: 300 },
      },
      {
        parameter: { name: 'MainSwitch', type: 'boolean', label: 'Main switch' },
        value: { type: 'boolean', value: true },
      },
      { parameter: { name: 'Tint', type: 'color', label: 'Tint' }, value: undefined },
    ],
  });
});

test('parameters of every type survive the form and the wire', () => {
  const element = parseElement(encodeDataForm(encodeControlForm({ title: 'Pump', parameters: PUMP })).toString());
  expect(decodeControlForm(decodeDataForm(element))).toEqual({ title: 'Pump', parameters: PUMP });
});

test('every parameter is validated and marked, so that an unchanged form sets nothing', () => {
  const form = encodeControlForm({ title: 'Pump', parameters: PUMP });
  expect(form.fields.every((field) => field.validation !== undefined)).toBe(true);
  expect(
    form.fields.every((field) =>
      field.extensions?.some((extension) => extension.is('notSame', 'urn:xmpp:xdata:dynamic')),
    ),
  ).toBe(true);
});

test('a submitted form is read by the declared types', () => {
  const declared = PUMP.map(({ parameter }) => parameter);
  const submitted = (fields: Record<string, string[]>) =>
    decodeSubmittedForm(
      { type: 'submit', fields: Object.entries(fields).map(([name, values]) => ({ var: name, values })) },
      declared,
    );
  expect(submitted({ Speed: ['1.0'], Count: ['12'], Running: ['1'] })).toEqual({
    settings: [
      { name: 'Speed', value: { type: 'double', value: '1.0' } },
      { name: 'Count', value: { type: 'long', value: 12n } },
      { name: 'Running', value: { type: 'boolean', value: true } },
    ],
    errors: [],
  });
  expect(submitted({ Speed: ['fast'], Height: ['1'], Count: [] }).errors).toMatchObject([
    { code: 'wrong-type', parameter: 'Speed' },
    { code: 'unknown-parameter', parameter: 'Height' },
    { code: 'wrong-type', parameter: 'Count' },
  ]);
  const hidden = { var: 'xdd session', type: 'hidden' as const, values: ['x'] };
  expect(decodeSubmittedForm({ type: 'submit', fields: [hidden] }, declared)).toEqual({ settings: [], errors: [] });
});
