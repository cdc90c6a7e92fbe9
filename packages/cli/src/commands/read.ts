import {
  FIELD_TYPES,
  type Field,
  type FieldType,
  fieldInUnit,
  ReadoutFailure,
  readSensorData,
  UNITS,
  unitNamed,
} from '@thingward/things';
import { Command } from 'commander';
import { ClientSession, parseThing } from '../client-session.ts';
import { CommandError, UsageError } from '../errors.ts';
import { fieldJson, valueText } from '../field-text.ts';
import { type OutputOptions, printJson, printTable, thingText } from '../output.ts';
import { stopSignal } from '../shutdown.ts';

interface ReadOptions extends OutputOptions {
  readonly profile?: string;
  readonly types?: string;
  readonly unit?: readonly string[];
}

export function readCommand(): Command {
  return new Command('read')
    .description('read the fields of a Thing')
    .argument('<thing>', 'its address: jid, or jid#nodeId behind a concentrator')
    .argument('[fields...]', 'names of fields; all when not given')
    .option('--types <list>', 'kinds of fields: momentary, status, identity, ...')
    .option('--unit <unit...>', 'show values in these units, where they measure the same: °F, kPa, ...')
    .option('--profile <file>', 'who signs in where')
    .option('--json', 'one JSON object per field')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward read plc@example.org\n  thingward read plc@example.org Level "Inlet Flow" --json\n  thingward read plc@example.org Temperature --unit °F',
    )
    .action(async (thing: string, names: string[], options: ReadOptions) => {
      const address = parseThing(thing);
      const types = parseTypes(options.types);
      const units = parseUnits(options.unit);
      const signal = stopSignal();
      await ClientSession.use(options.profile, async (session) => {
        const to = await session.locate(address, signal);
        const wish = { types, names, nodes: address.node ? [address.node] : [] };
        const fields: Field[] = [];
        const show = () => {
          if (options.json) return;
          printTable(
            ['field', '>value', 'types', 'quality', 'time'],
            fields.map((field) => [
              field.name,
              valueText(field),
              field.types.join(','),
              field.qos.join(','),
              field.timestamp.toISOString(),
            ]),
          );
        };
        try {
          for await (const batch of readSensorData(session.client, to, wish, { signal })) {
            const converted = batch.map((field) => units.reduce(fieldInUnit, field));
            fields.push(...converted);
            if (options.json) for (const field of converted) printJson(fieldJson(to.bare.toString(), field));
          }
        } catch (error) {
          if (!(error instanceof ReadoutFailure)) throw explainRefusal(error, thing);
          if (fields.length > 0) show();
          throw new CommandError(`${thingText(to.bare.toString(), address.node)}: ${error.message}`);
        }
        show();
        const missing = names.filter((name) => !fields.some((field) => field.name === name));
        if (missing.length > 0)
          throw new CommandError(`${thing} has no field named ${missing.map((name) => `"${name}"`).join(', ')}`);
      });
    });
}

/** @throws UsageError */
export function parseTypes(text: string | undefined): readonly FieldType[] {
  const names = text?.split(',').map((name) => name.trim()) ?? [];
  for (const name of names) {
    if (!(FIELD_TYPES as readonly string[]).includes(name)) {
      throw new UsageError(`"${name}" is no kind of field (there are: ${FIELD_TYPES.join(', ')})`);
    }
  }
  return names as FieldType[];
}

/** @throws UsageError */
export function parseUnits(names: readonly string[] = []): readonly string[] {
  return names.map((name) => {
    const unit = unitNamed(name);
    if (unit) return unit.name;
    throw new UsageError(`"${name}" is no unit that is known (there are: ${UNITS.map((one) => one.name).join(', ')})`);
  });
}

/** Says of an error reply whose it is. */
export function explainRefusal(error: unknown, thing: string): unknown {
  if (!(error instanceof Error) || error.name !== 'StanzaError') return error;
  return new CommandError(`${thing}: ${error.message}`, { cause: error });
}
