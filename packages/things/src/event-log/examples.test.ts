import { type Element, parseElement } from '@thingward/xml';
import { describe, expect, test } from 'vitest';
import { EVENT_LOG_EXAMPLES } from '../../test/fixtures/xep-0337.ts';
import { SchemaCheck } from '../../test/schema-check.ts';
import { shape } from '../../test/shape.ts';
import { decodeLoggedEvent, decodeLoggedEvents, encodeLoggedEvent } from './codec.ts';

const schema = new SchemaCheck('event-log/schema.xsd');
const messages = Object.entries(EVENT_LOG_EXAMPLES).map(([name, text]) => [name, parseElement(text)] as const);
const logs = messages.flatMap(([name, { elements }]) => elements.map((log, i) => [`${name}, ${i + 1}`, log] as const));
const isOdd = (name: string) => name.startsWith('3.8');

describe('every example of XEP-0337', () => {
  test('is there', () => {
    expect([messages.length, logs.length]).toEqual([9, 10]);
    expect(messages.map(([, message]) => decodeLoggedEvents(message).length)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 2]);
  });

  test.each(logs)('%s is as the schema has it', (name, log) => {
    expect(schema.problems(log)).toEqual(isOdd(name) ? ['log/@stackTrace is not declared'] : []);
  });

  test.each(logs)('%s means the same after it was decoded, encoded and decoded again', (name, log) => {
    const event = decodeLoggedEvent(log);
    const sent = parseElement(encodeLoggedEvent(event).toString());
    expect(schema.problems(sent)).toEqual([]);
    expect(decodeLoggedEvent(sent)).toEqual(event);
    // What is left out has a default.
    const whole = (element: Element) =>
      element.with({ type: 'Informational', level: 'Minor', ...element.attributes, stackTrace: undefined });
    if (!isOdd(name)) expect(shape(whole(sent))).toEqual(shape(whole(log)));
    else {
      expect(event.stackTrace).toBe('file1, line 1\nfile2, line 2');
      expect(event.tags).toEqual([
        { name: 'a', value: '1', type: 'xs:int' },
        { name: 'b', value: '10', type: 'xs:int' },
        { name: 's', value: 'A text.', type: 'xs:string' },
      ]);
    }
  });
});
