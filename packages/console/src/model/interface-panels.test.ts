import type { ControlParameter } from '@thingward/things';
import { describe, expect, it } from 'vitest';
import { numericField } from './connection.fixture.ts';
import { type FieldReading, fieldKey } from './field-key.ts';
import { fieldsShown, type InterfacePanel, interfacePanels } from './interface-panels.ts';
import { ParameterControl } from './parameter-control.ts';

function reading(name: string, value = '1.0', unit = ''): FieldReading {
  const field = numericField(name, value, unit);
  return { key: fieldKey(field), field, isCurrent: true };
}

function control(name: string, type: ControlParameter['type'], rest: Partial<ControlParameter> = {}): ParameterControl {
  return new ParameterControl({ name, type, label: name, ...rest }, async () => {});
}

const said = (panels: readonly InterfacePanel[]) =>
  panels.map(({ title, symbol, layout, elements }) => [
    `${title}: ${symbol}, ${layout}`,
    ...elements.map((one) =>
      one.kind === 'control' ? `set ${one.control.parameter.name}` : `${one.kind} ${one.reading.field.name}`,
    ),
  ]);

describe('a Thing is shown by its interfaces', () => {
  it('as a lamp with its switch, and the slider of its dimmer', () => {
    const readings = [reading('Lamp'), reading('Dimmer', '40', '%'), reading('Power', '3', 'W')];
    const controls = [control('Dimmer', 'int'), control('Lamp', 'boolean'), control('Other', 'boolean')];
    const panels = interfacePanels(['XMPP.IoT.Actuator.Lamp', 'XMPP.IoT.Actuator.Dimmer'], readings, controls);
    expect(said(panels)).toEqual([['Lamp: lamp, control', 'set Lamp', 'set Dimmer']]);
    expect([...fieldsShown(panels, readings)]).toEqual([fieldKey({ name: 'Lamp' }), fieldKey({ name: 'Dimmer' })]);
  });

  it('as a lamp to look at where it can not be set', () => {
    expect(said(interfacePanels(['XMPP.IoT.Actuator.Lamp'], [reading('Lamp')], []))).toEqual([
      ['Lamp: lamp, control', 'indicator Lamp'],
    ]);
  });

  it('as what it measures, and what its meter counts', () => {
    const readings = [
      reading('Temperature', '21.50', '°C'),
      reading('Energy', '1.5', 'kWh'),
      reading('Power', '3', 'W'),
    ];
    const panels = interfacePanels(
      ['XMPP.IoT.Meter.Electricity', 'XMPP.IoT.Sensor.Temperature', 'XMPP.IoT.Identity.Name'],
      readings,
      [],
    );
    expect(said(panels)).toEqual([
      ['Temperature: thermometer, measurement', 'value Temperature'],
      ['Electricity: electricity, counters', 'value Energy', 'value Power'],
    ]);
    expect(fieldsShown(panels, readings).size).toBe(3);
  });

  it('with each of its numbered outputs', () => {
    const controls = [
      control('Digital Output 1', 'boolean'),
      control('Digital Output 12', 'boolean'),
      control('Digital Output x', 'boolean'),
    ];
    expect(said(interfacePanels(['XMPP.IoT.Actuator.DigitalOutputs'], [], controls))).toEqual([
      ['Digital Outputs: actuator, control', 'set Digital Output 1', 'set Digital Output 12'],
    ]);
  });

  it('or not at all, where nothing of them is known or there', () => {
    const readings = [reading('Level')];
    expect(interfacePanels([], readings, [])).toEqual([]);
    expect(
      interfacePanels(['com.example.Tank', 'XMPP.IoT.Sensor.Temperature', 'XMPP.IoT.No.Such'], readings, []),
    ).toEqual([]);
  });

  it('with a field in one panel alone', () => {
    const readings = [reading('Temperature', '21.50', '°C')];
    const panels = interfacePanels(['XMPP.IoT.Sensor.Temperature', 'XMPP.IoT.Sensor.Temperature'], readings, []);
    expect(panels).toHaveLength(1);
  });
});
