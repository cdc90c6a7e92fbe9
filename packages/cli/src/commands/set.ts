import {
  type ControlOutcome,
  ControlRefused,
  controlOutcomeOf,
  getControlForm,
  type ParameterValue,
  parseParameterValue,
  type SentCommand,
  sendCommand,
  sendParameters,
  setParameters,
} from '@thingward/things';
import { Command } from 'commander';
import { ClientSession, parseThing } from '../client-session.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type OutputOptions, printJson, printTable, say } from '../output.ts';
import { addNodeOptions, type NodeOptions, nodesOf, tokensOf } from '../readout-options.ts';
import { stopSignal } from '../shutdown.ts';
import { parseDistance } from '../time-text.ts';
import { addIdentityOptions, type IdentityOptions, identityOf } from '../token-identity.ts';
import { explainRefusal } from './read.ts';

interface SetOptions extends OutputOptions, NodeOptions, IdentityOptions {
  readonly profile?: string;
  /** `--no-answer` makes it false. */
  readonly answer: boolean;
  readonly wait?: boolean;
  readonly expires?: string;
}

export function setCommand(): Command {
  const command = new Command('set')
    .description('set control parameters of a Thing; without any, show them')
    .argument('<thing>', 'its address: jid, or jid#nodeId behind a concentrator')
    .argument('[assignments...]', 'name=value; on and off are true and false');
  return addIdentityOptions(addNodeOptions(command))
    .option('--no-answer', 'send it as a message, and do not wait for what becomes of it')
    .option('--expires <time>', 'how long the command may wait for a Thing that sleeps: 15m, 2h, 7d')
    .option('--wait', 'wait until a Thing that sleeps has answered')
    .option('--profile <file>', 'who signs in where')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward set plc@example.org\n  thingward set plc@example.org "Valve Opening=50" Pump=on\n  thingward set plant@example.org --node pump1 --node pump2 Running=off\n  thingward set sensor@example.org Interval=60 --expires 2h --wait',
    )
    .action(async (thing: string, assignments: string[], options: SetOptions) => {
      const address = parseThing(thing);
      const wanted = assignments.map(parseAssignment);
      const expiresMs = options.expires === undefined ? undefined : parseDistance('--expires', options.expires);
      const identity = identityOf(options);
      const signal = stopSignal();
      await ClientSession.use(options.profile, async (session) => {
        const to = await session.locate(address, signal);
        const tokens = await session.shownTokens(to, tokensOf(options), identity);
        const target = { nodes: nodesOf(address, options), tokens };
        try {
          const { parameters } = await getControlForm(session.client, to, { ...target, signal });
          if (wanted.length === 0) {
            showParameters(parameters, options);
            return;
          }
          const values = new Map(wanted.map(([name, text]) => [name, typedValue(name, text, parameters)]));
          if (!options.answer) {
            await sendParameters(session.client, to, values, target);
            return;
          }
          let outcome: ControlOutcome;
          // Who sleeps is reached at its bare address.
          if (to.isFull || to.local === undefined) {
            outcome = await setParameters(session.client, to, values, { ...target, signal });
          } else {
            const sent = await sendCommand(session.client, to, values, { ...target, expiresMs, signal });
            showQueued(thing, sent, options);
            if (!options.wait) return;
            outcome = controlOutcomeOf(await sent.outcome(signal));
          }
          const done = wanted.filter(([name]) => outcome.parameters.length === 0 || outcome.parameters.includes(name));
          if (options.json)
            printJson({ thing, set: Object.fromEntries(done), ...namedNodes(outcome), confirmed: outcome.confirmed });
          else
            say(
              `${thing}: ${done.map(([name, text]) => `${name} = ${text}`).join(', ')}: set${readBack(outcome, done)}`,
            );
          if (done.length < wanted.length) {
            const left = wanted.filter((assignment) => !done.includes(assignment)).map(([name]) => name);
            throw new CommandError(`${thing}: you may not set ${left.join(', ')}`);
          }
        } catch (error) {
          if (error instanceof ControlRefused) throw new CommandError(`${thing} refused: ${refusals(error)}`);
          throw explainRefusal(error, thing);
        }
      });
    });
}

/** Says that a command waits, and until when. */
function showQueued(thing: string, { queued: { id, until, next } }: SentCommand, { json }: OutputOptions): void {
  if (json) {
    printJson({ thing, queued: { id, until: until.toISOString(), ...(next && { next: next.toISOString() }) } });
    return;
  }
  const wakes = next ? `until it wakes at ${next.toISOString()}` : 'until it wakes';
  say(`${thing} sleeps: ${id} waits ${wakes}, and expires at ${until.toISOString()}`);
}

/** The nodes it was done for, where those were not all. */
function namedNodes({ nodes }: ControlOutcome): object {
  return nodes.length === 0 ? {} : { nodes };
}

/** What was read back of what was set, for people. */
function readBack({ confirmed }: ControlOutcome, done: readonly (readonly [name: string, value: string])[]): string {
  const names = new Set(confirmed.map(({ name }) => name));
  if (names.size === 0) return '';
  return done.every(([name]) => names.has(name)) ? ' and read back' : `; read back: ${[...names].join(', ')}`;
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
