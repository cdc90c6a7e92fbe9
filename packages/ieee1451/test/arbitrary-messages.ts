import fc from 'fast-check';
import { type Layout, MODULE_COMMANDS, type ModuleCommand, NETWORK_SERVICES } from '../src/index.ts';

const octets = fc.uint8Array({ maxLength: 70 });
const word = (value: number) => [value >> 8, value & 0xff];
const sized = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => [...bytes]);

/** Octets that fit a layout, made without our encoder. */
function layoutOctets(layout: Layout): fc.Arbitrary<number[]> {
  return fc.nat(3).chain((count) =>
    fc
      .tuple(
        ...layout.map((field): fc.Arbitrary<number[]> => {
          if ('count' in field) return fc.constant(field.size === 2 ? word(count) : [count]);
          const { expected, list } = field.kind;
          if (!list) return valueOctets(expected);
          return fc
            .tuple(...Array.from({ length: count }, () => valueOctets(expected.replace('a list of ', ''))))
            .map((items) => items.flat());
        }),
      )
      .map((parts) => parts.flat()),
  );
}

function valueOctets(expected: string): fc.Arbitrary<number[]> {
  if (expected === 'a UUID') return sized(16);
  if (expected === 'seconds') return sized(8);
  if (expected.startsWith('text')) {
    return fc
      .string({ maxLength: 9 })
      .map((text) => [...new TextEncoder().encode(text)].filter((octet) => octet > 31).concat(0));
  }
  if (expected.startsWith('pairs')) return octets.map((bytes) => [...bytes]);
  if (expected === 'true or false') return fc.nat(1).map((octet) => [octet]);
  const size = { '0 to 65535': 2, '0 to 4294967295': 4, '0 to 281474976710655': 6 }[expected] ?? 1;
  return sized(size);
}

const bodyOctets = (layout: Layout | undefined) =>
  layout
    ? fc.oneof(
        { arbitrary: layoutOctets(layout), weight: 5 },
        { arbitrary: octets.map((bytes) => [...bytes]), weight: 1 },
      )
    : octets.map((bytes) => [...bytes]);

/** Octets of commands: those of the standard, and others. */
export const COMMAND_OCTETS: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.nat(0xffff),
    fc.oneof(
      fc.constantFrom(...MODULE_COMMANDS),
      fc.record({ commandClass: fc.nat(255), commandFunction: fc.nat(255), arguments: fc.constant(undefined) }),
    ),
  )
  .chain(([channel, command]) =>
    bodyOctets(command.arguments).map((body) =>
      Uint8Array.of(...word(channel), command.commandClass, command.commandFunction, ...word(body.length), ...body),
    ),
  );

/** Octets of replies, with what they answer. */
export const REPLY_OCTETS: fc.Arbitrary<{ readonly command: ModuleCommand; readonly octets: Uint8Array }> = fc
  .constantFrom(...MODULE_COMMANDS)
  .chain((command) =>
    fc
      .tuple(fc.nat(2), bodyOctets(command.reply === 'none' ? undefined : command.reply))
      .map(([flag, body]) => ({ command, octets: Uint8Array.of(flag, ...word(body.length), ...body) })),
  );

/** Octets of network messages: those of the standard, and others. */
export const NETWORK_OCTETS: fc.Arbitrary<Uint8Array> = fc
  .oneof(
    {
      arbitrary: fc
        .constantFrom(...NETWORK_SERVICES.filter(({ layouts }) => Object.keys(layouts).length > 0))
        .chain(({ serviceType, serviceId, layouts }) =>
          fc
            .constantFrom(...Object.keys(layouts).map(Number))
            .map((messageType) => ({ serviceType, serviceId, messageType, layout: layouts[messageType] })),
        ),
      weight: 4,
    },
    {
      arbitrary: fc.record({
        serviceType: fc.nat(5),
        serviceId: fc.nat(21),
        messageType: fc.nat(6),
        layout: fc.constant(undefined),
      }),
      weight: 1,
    },
  )
  .chain(({ serviceType, serviceId, messageType, layout }) =>
    bodyOctets(layout).map((body) => Uint8Array.of(serviceType, serviceId, messageType, ...word(body.length), ...body)),
  );
