import { parseElement, xml } from '@thingward/xml';
import { StanzaError } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyName, anyNode, anyText } from '../../test/field-arbitraries.ts';
import { SchemaCheck } from '../../test/schema-check.ts';
import { CONTROL_DIALECTS } from './dialects.ts';
import { decodeControlForm, encodeControlForm } from './form.ts';
import { type ControlParameter, ParameterError, type ParameterValue } from './parameter.ts';

const sent = (element: { toString(): string }) => parseElement(element.toString());

const lexical = <T extends ParameterValue['type']>(type: T, ...values: string[]) =>
  fc.record({ type: fc.constant(type), value: fc.constantFrom(...values) });

const anyParameterValue = fc.oneof(
  fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.record({ type: fc.constant('int' as const), value: fc.integer().map((n) => n + 0) }),
  fc.record({ type: fc.constant('long' as const), value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }),
  fc.record({ type: fc.constant('string' as const), value: anyText }),
  lexical('double' as const, '10.00', '-1e5'),
  lexical('color' as const, 'FF00ff', '00000000'),
  lexical('date' as const, '2013-05-01'),
  lexical('dateTime' as const, '2013-05-01T08:00:00Z'),
  lexical('duration' as const, 'P1D'),
  lexical('time' as const, '23:59:00'),
) as fc.Arbitrary<ParameterValue>;

const anyTokens = {
  serviceToken: fc.option(anyName, { nil: undefined }),
  deviceToken: fc.option(anyName, { nil: undefined }),
  userToken: fc.option(anyName, { nil: undefined }),
};

describe.each(CONTROL_DIALECTS.map((dialect) => [dialect.namespace, dialect] as const))('%s', (namespace, dialect) => {
  const schema = new SchemaCheck(`control/${dialect.name === 'xep' ? 'schema' : dialect.name}.xsd`);

  test('carries every command', () => {
    const request = fc.record({
      nodes: fc.array(anyNode, { maxLength: 3 }),
      settings: fc.array(fc.record({ name: anyText, value: anyParameterValue }), { maxLength: 4 }),
      form: fc.constant(undefined),
      ...anyTokens,
    });
    fc.assert(
      fc.property(request, (given) => {
        const element = sent(dialect.encodeRequest(given));
        expect(schema.problems(element)).toEqual([]);
        expect(dialect.decodeRequest(element)).toEqual(given);
      }),
    );
  });

  test('carries every request for a form, and every answer', () => {
    const nodes = fc.array(anyNode, { maxLength: 3 });
    fc.assert(
      fc.property(fc.record({ nodes, ...anyTokens }), (given) => {
        const element = sent(dialect.encodeFormRequest(given));
        expect(schema.problems(element)).toEqual([]);
        expect(dialect.decodeFormRequest(element)).toEqual(given);
      }),
    );
    const reference = fc.record({ node: fc.option(anyNode, { nil: undefined }), name: anyText });
    const response = fc.record(
      { nodes, parameters: fc.array(anyText), confirmed: fc.array(reference, { minLength: 1, maxLength: 3 }) },
      { requiredKeys: ['nodes', 'parameters'] },
    );
    fc.assert(
      fc.property(response, (given) => {
        expect(dialect.decodeResponse(sent(dialect.encodeResponse(given)))).toEqual(given);
      }),
    );
  });

  test('names the parameter that was refused', () => {
    const element = dialect.encodeParameterError(new ParameterError('out-of-range', 'Output', 'too much'));
    expect(schema.problems(element)).toEqual([]);
    const [error] = dialect.decodeParameterErrors(new StanzaError('bad-request', 'x', { applications: [element] }));
    expect(error).toMatchObject({ parameter: 'Output', message: 'too much' });
    const foreign = dialect.name === 'xep' ? 'urn:x' : 'urn:xmpp:iot:control';
    const other = xml('paramError', { xmlns: foreign, var: 'Output' }, 'x');
    expect(dialect.decodeParameterErrors(new StanzaError('bad-request', 'x', { applications: [other] }))).toEqual([]);
  });

  test('marks groups in forms', () => {
    const parameter: ControlParameter = { name: 'a', label: 'A', type: 'boolean', group: 'Direction' };
    const form = encodeControlForm({ parameters: [{ parameter }] }, undefined, dialect.encodeGroup);
    expect(form.fields[0]?.extensions?.some((element) => element.namespace === namespace)).toBe(true);
    expect(decodeControlForm(form).parameters[0]?.parameter.group).toBe('Direction');
  });

  test('refuses values that are not of their type', () => {
    const [element, name, value] = dialect.name === 'xep' ? ['int', 'name', 'value'] : ['i', 'n', 'v'];
    const text = `<set xmlns='${namespace}'><${element} ${name}='a' ${value}='1.5'/></set>`;
    expect(() => dialect.decodeRequest(parseElement(text))).toThrow(`set/${element}[1]/@${value}`);
  });
});

describe.each(CONTROL_DIALECTS.slice(1).map((dialect) => [dialect.namespace, dialect] as const))(
  '%s',
  (namespace, dialect) => {
    test('has enumerations, which are texts here', () => {
      const { settings } = dialect.decodeRequest(
        parseElement(`<set xmlns='${namespace}'><e n='Mode' v='Fast' t='A.B'/></set>`),
      );
      expect(settings).toEqual([{ name: 'Mode', value: { type: 'string', value: 'Fast' } }]);
    });

    test('names refused parameters and groups in two ways', () => {
      const refused = xml('paramError', { xmlns: namespace, n: 'Output' }, 'no');
      const error = new StanzaError('bad-request', 'x', { applications: [refused] });
      expect(dialect.decodeParameterErrors(error)).toMatchObject([{ parameter: 'Output', message: 'no' }]);
      const group = (name: string) => xml('pGroup', { xmlns: namespace, [name]: 'g' });
      for (const name of ['n', 'name']) {
        const fields = [{ var: 'a', type: 'boolean' as const, extensions: [group(name)] }];
        expect(decodeControlForm({ type: 'form', fields }).parameters[0]?.parameter.group).toBe('g');
      }
    });
  },
);
