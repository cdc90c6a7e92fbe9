import { expect, test } from 'vitest';
import { compileBundle } from './policy-bundle.ts';
import { problemText } from './policy-error.ts';
import { unknownNames } from './unknown-names.ts';

const ENTITIES = `
groups: { operators: [ana@example.org] }
groupsIn: { chiefs: [operators] }
sites: { hall: { in: [plant] } }
things: { plc@example.org: { sites: [cellar], interfaces: [i1], nodes: { tank: { sites: [roof] } } } }
`;
const POLICIES = `@id("a")
permit(principal in Group::"operator", action == Action::"set", resource in Site::"hal");
permit(principal in Group::"operators", action == Action::"set", resource in Site::"roof");
forbid(principal, action == Action::"set", resource in Site::"plant") when { principal in Group::"night" || principal in Group::"chiefs" };
forbid(principal in Group::"owner@example.org/Staff", action == Action::"set", resource in Interface::"i2");
permit(principal == Account::"x@example.org", action == Action::"set", resource == Thing::"y@example.org");
`;
const bundle = () =>
  compileBundle(
    new Map([
      ['own.cedar', POLICIES],
      ['entities.yaml', ENTITIES],
    ]),
  );
const messages = (...more: Parameters<typeof unknownNames> extends [unknown, ...infer Rest] ? Rest : never) =>
  unknownNames(bundle(), ...more).map(problemText);

test('groups that nobody is in are told, with their place', () => {
  const found = messages();
  expect(found).toEqual([
    expect.stringMatching(/^own\.cedar:1:1: warning: .*Group::"operator"/),
    expect.stringMatching(/^own\.cedar:4:1: warning: .*Group::"night"/),
  ]);
});

test('a role of an account is a group', () => {
  expect(messages({ groups: ['night', 'operator'] })).toEqual([]);
});

test('sites and interfaces are told where it is known which there are', () => {
  const groups = ['night', 'operator'];
  expect(messages({ groups, sites: [], interfaces: [] })).toEqual([
    expect.stringContaining('Site::"hal"'),
    expect.stringContaining('Interface::"i2"'),
  ]);
  expect(messages({ groups, sites: ['hal'], interfaces: ['i2'] })).toEqual([]);
});
