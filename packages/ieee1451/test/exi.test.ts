import { readFileSync } from 'node:fs';
import { buildGrammars, compileSchema, ExiDecoder, ExiEncoder } from '@thingward/exi';
import type { Element } from '@thingward/xml';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  commandFromXml,
  commandToXml,
  decodeCommand,
  decodeNetworkMessage,
  decodeReply,
  decodeTeds,
  encodeCommand,
  encodeNetworkMessage,
  encodeReply,
  encodeTeds,
  formatHex,
  networkMessageFromXml,
  networkMessageToXml,
  replyFromXml,
  replyToXml,
  tedsFromXml,
  tedsToXml,
} from '../src/index.ts';
import { COMMAND_OCTETS, NETWORK_OCTETS, REPLY_OCTETS } from './arbitrary-messages.ts';
import { TEDS_OCTETS } from './arbitrary-teds.ts';

const bytes = readFileSync(new URL('../src/schema.xsd', import.meta.url));
const grammars = buildGrammars(compileSchema([{ location: 'schema.xsd', bytes }]));
/** Strict grammars have no way out: what the schema does not allow can't be coded. */
const options = { strict: true } as const;

function throughExi(element: Element): Element {
  const decoder = new ExiDecoder({ options, grammars });
  decoder.push(new ExiEncoder({ options, grammars }).encodeElement(element));
  return decoder.nextElement() as Element;
}

it('every TEDS keeps to the schema, and is the same after it was EXI', () => {
  fc.assert(
    fc.property(TEDS_OCTETS, (before) => {
      const element = throughExi(tedsToXml(decodeTeds(before)));
      expect(formatHex(encodeTeds(tedsFromXml(element)))).toBe(formatHex(before));
    }),
    { numRuns: 200 },
  );
});

it('every message keeps to the schema, and is the same after it was EXI', () => {
  fc.assert(
    fc.property(COMMAND_OCTETS, REPLY_OCTETS, NETWORK_OCTETS, (sent, answer, message) => {
      const command = commandFromXml(throughExi(commandToXml(decodeCommand(sent))));
      expect(formatHex(encodeCommand(command))).toBe(formatHex(sent));
      const reply = replyFromXml(throughExi(replyToXml(decodeReply(answer.octets, answer.command), answer.command)));
      expect(formatHex(encodeReply(reply.reply, reply.command))).toBe(formatHex(answer.octets));
      const network = networkMessageFromXml(throughExi(networkMessageToXml(decodeNetworkMessage(message))));
      expect(formatHex(encodeNetworkMessage(network))).toBe(formatHex(message));
    }),
    { numRuns: 200 },
  );
});
