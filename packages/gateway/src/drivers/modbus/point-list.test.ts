import { expect, it } from 'vitest';
import { parseRegisterList } from './point-list.ts';

const GROUPS = { default: 1000, slow: 10_000 };

it('reads a register map from a table', () => {
  const points = parseRegisterList(
    `# Tank
name,table,address,type,scale,unit,types,pollGroup,writable,min,max,label
"Level, tank",input-register,0,uint16,0.1,%,momentary,,,,,
Valve,coil,0,,,,status,slow,yes,,,Inlet valve
Opening,holding-register,0,uint16,0.1,%,,,yes,0,100,
Fixed,holding-register,2,uint16,,,,,no,,,
`,
    GROUPS,
  );
  expect(points).toMatchObject([
    { name: 'Level, tank', table: 'input-register', address: 0, type: 'uint16', scale: 0.1, unit: '%' },
    { name: 'Valve', type: 'bool', types: ['status'], pollGroup: 'slow', writable: { label: 'Inlet valve' } },
    { name: 'Opening', writable: { min: 0, max: 100 } },
    { name: 'Fixed' },
  ]);
  expect(points[0]?.writable).toBeUndefined();
  expect(points[3]?.writable).toBeUndefined();
});

it.each([
  ['', 'the list is empty'],
  ['name,adress\n', 'line 1: there is no column "adress"'],
  ['name,table,address,type\nA,input-register,x,uint16\n', 'line 2: address: "x" is no number'],
  ['name,table,address,type\nA,input-register,70000,uint16\n', 'line 2: address: '],
  ['name,table,address\nA,input-register,0\n', 'line 2: type: a point of the table input-register needs a type'],
  ['name,table,address\nA,coil,0\n\nA,coil,1\n', 'line 4: two points are named "A"'],
  ['name,table,address,pollGroup\nA,coil,0,fast\n', 'line 2: there is no poll group "fast"'],
  [
    'name,table,address,writable\nA,discrete-input,0,yes\n',
    'line 2: writable: the table discrete-input can only be read',
  ],
])('says what is wrong with %j', (text, message) => {
  expect(() => parseRegisterList(text, GROUPS)).toThrow(message);
});
