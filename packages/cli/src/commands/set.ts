import {
  ControlRefused,
  getControlForm,
  type ParameterValue,
  parseParameterValue,
  setParameters,
} from '@thingward/things';
import { Command } from 'commander';
import { ClientSession, parseThing } from '../client-session.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type OutputOptions, printJson, printTable, say } from '../output.ts';
import { stopSignal } from '../shutdown.ts';
import { explainRefusal } from './read.ts';

interface SetOptions extends OutputOptions {
  readonly profile?: string;
}

export function setCommand(): Command {
  return new Command('set')
    .description('set control parameters of a Thing; without any, show them')
    .argument('<thing>', 'its address: jid, or jid#nodeId behind a concentrator')
    .argument('[assignments...]', 'name=value; on and off are true and false')
    .option('--profile <file>', 'who signs in where')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward set plc@example.org\n  thingward set plc@example.org "Valve Opening=50" Pump=on',
    )
    .action(async (thing: string, assignments: string[], options: SetOptions) => {
      const address = parseThing(thing);
      const wanted = assignments.map(parseAssignment);
      const signal = stopSignal();
      await ClientSession.use(options.profile, async (session) => {
        const to = await session.locate(address, signal);
        const nodes = address.node ? [address.node] : [];
        try {
          const { parameters } = await getControlForm(session.client, to, { nodes, signal });
          if (wanted.length === 0) {
            showParameters(parameters, options);
            return;
          }
          const values = new Map(wanted.map(([name, text]) => [name, typedValue(name, text, parameters)]));
          await setParameters(session.client, to, values, { nodes, signal });
          if (options.json) printJson({ thing, set: Object.fromEntries(wanted) });
          else say(`${thing}: ${wanted.map(([name, text]) => `${name} = ${text}`).join(', ')}: set`);
        } catch (error) {
          if (error instanceof ControlRefused) throw new CommandError(`${thing} refused: ${refusals(error)}`);
          throw explainRefusal(error, thing);
        }
      });
    });
}

type Parameters = Awaited<ReturnType<typeof getControlForm>>['parameters'];

function refusals({ errors }: ControlRefused): string {
  return errors.map((error) => `${error.parameter}: ${error.message}`).join('; ');
}

function parseAssignment(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`expected name=value, got "${text}"`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function typedValue(name: string, text: string, parameters: Parameters): ParameterValue {
  const found = parameters.find(({ parameter }) => parameter.name === name);
  if (!found) {
    const names = parameters.map(({ parameter }) => `"${parameter.name}"`).join(', ');
    throw new CommandError(`there is no parameter "${name}" (there are: ${names || 'none'})`);
  }
  const { type } = found.parameter;
  const spelled = type === 'boolean' ? ({ on: 'true', off: 'false' }[text.toLowerCase()] ?? text) : text;
  const value = parseParameterValue(type, spelled);
  if (!value) throw new UsageError(`${name} takes a ${type}, got "${text}"`);
  return value;
}

function showParameters(parameters: Parameters, { json }: OutputOptions): void {
  if (json) {
    for (const { parameter, value } of parameters) printJson({ ...parameter, value: value?.value });
    return;
  }
  printTable(
    ['parameter', '>value', 'unit', 'type', 'range', 'label'],
    parameters.map(({ parameter: { name, unit, type, min, max, label }, value }) => [
      name,
      value === undefined ? '' : String(value.value),
      unit ?? '',
      type,
      min === undefined && max === undefined ? '' : `${min ?? ''}..${max ?? ''}`,
      label,
    ]),
  );
}
