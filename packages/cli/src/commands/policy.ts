import { resolve } from 'node:path';
import {
  checkExpectations,
  compileBundle,
  type ExplainedPolicy,
  type Explanation,
  explain,
  fillTemplate,
  type PolicyBundle,
  PolicyError,
  policyTemplates,
  problemText,
  questionSchema,
  readPolicyFiles,
  TemplateError,
  unknownNames,
} from '@thingward/guard';
import { GUARD_COMMANDS } from '@thingward/server';
import { type CommandResponse, type FormValues, noteLines } from '@thingward/xmpp';
import { Command } from 'commander';
import { Administration } from '../administration.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type KeptBaselinePlace, keptExplanation } from '../kept-explanation.ts';
import { type OutputOptions, printJson, printTable, say } from '../output.ts';

interface FolderOptions extends OutputOptions {
  readonly profile?: string;
  readonly shadow?: boolean;
  readonly none?: boolean;
}

interface ExplainOptions extends OutputOptions {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly owner?: string;
  readonly service?: boolean;
  readonly context: readonly string[];
}

const DEFAULT_FOLDER = 'policies';

export function policyCommand(): Command {
  const command = new Command('policy').description('what may be done to Things: check, try out and apply policies');
  command
    .command('check')
    .argument('[folder]', 'folder of *.cedar files, entities.yaml and *.test.yaml', DEFAULT_FOLDER)
    .description('find what is wrong with policies, before they are applied')
    .option('--json', 'one JSON object per problem')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward policy check\n  thingward policy check /etc/thingward/policies --json',
    )
    .action((folder: string, options: OutputOptions) => check(folder, options));
  command
    .command('test')
    .argument('[folder]', 'folder of *.cedar files, entities.yaml and *.test.yaml', DEFAULT_FOLDER)
    .description('compare what policies decide with what is expected in *.test.yaml')
    .option('--json', 'one JSON object per expectation')
    .addHelpText('after', '\nExamples:\n  thingward policy test\n  thingward policy test ./policies --json')
    .action((folder: string, options: OutputOptions) => runTests(folder, options));
  command
    .command('explain')
    .argument('[folder]', 'folder of *.cedar files and entities.yaml', DEFAULT_FOLDER)
    .description('say which policy decides a given operation, and why others do not')
    .requiredOption('--principal <jid>', 'who wants to do it')
    .requiredOption(
      '--action <action>',
      'read, subscribe, browse, connect, set, write, execute, edit, publish, administer, opaque or unknown',
    )
    .requiredOption('--resource <thing>', 'an address, or address#node')
    .option('--owner <jid>', 'whose it is, where entities.yaml does not say')
    .option('--service', 'it is a service, not a Thing')
    .option('--context <name=value>', 'such as number=50, hour=23; may be repeated', collect, [])
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward policy explain --principal ana@example.org --action set --resource plc@example.org#boiler \\\n    --context name=Setpoint --context number=90',
    )
    .action((folder: string, options: ExplainOptions) => explainOne(folder, options));
  command
    .command('template')
    .argument('[name]', 'which; all are listed without it')
    .argument('[values...]', 'parameter=value')
    .description('policies for usual cases, to be put into a file')
    .option('--json', 'one JSON object per template')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward policy template\n  thingward policy template read-only-until group=contractors date=2027-01-01 > policies/contractors.cedar',
    )
    .action((name: string | undefined, values: readonly string[], options: OutputOptions) =>
      template(name, values, options),
    );
  command
    .command('apply')
    .argument('[folder]', 'folder of *.cedar files and entities.yaml', DEFAULT_FOLDER)
    .description('put policies into force on a running server, at once; for its administrators')
    .option('--shadow', 'try them out only: log what they would have changed')
    .option('--none', 'take all policies away')
    .option('--profile <file>', 'which administrator signs in where')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward policy apply ./policies\n  thingward policy apply ./next --shadow\n  thingward policy apply --none --shadow',
    )
    .action((folder: string, options: FolderOptions) => apply(folder, options));
  command
    .command('list')
    .description('policies in force on a running server; for its administrators')
    .option('--shadow', 'those that are tried out')
    .option('--profile <file>', 'which administrator signs in where')
    .option('--json', 'one JSON object per policy')
    .addHelpText('after', '\nExamples:\n  thingward policy list\n  thingward policy list --shadow --json')
    .action((options: FolderOptions) => list(options));
  command
    .command('baseline')
    .argument('<jid>', 'who does something')
    .argument('<thing>', 'address of the Thing')
    .description('explain what somebody usually does at a Thing, and why something was raised')
    .option('--profile <file>', 'which administrator signs in where')
    .option('--gateway <file>', 'what the gateway with this configuration has learned, as of its last five minutes')
    .option('--adapter <file>', 'the same of an adapter')
    .option('--json', 'in numbers, as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward policy baseline ana@example.org plc@example.org\n  thingward policy baseline ana@example.org plc@example.org --gateway gateway.yaml',
    )
    .action((jid: string, thing: string, options: FolderOptions & KeptBaselinePlace) =>
      showBaseline(jid, thing, options),
    );
  command
    .command('approvals')
    .description('requests that wait for approval')
    .option('--profile <file>', 'who signs in where')
    .option('--json', 'one JSON object per request')
    .addHelpText('after', '\nExamples:\n  thingward policy approvals')
    .action((options: FolderOptions) =>
      rows('list-approvals', ['id', 'requester', 'request', 'approvers', 'expires', 'approved'], options),
    );
  for (const [verb, description] of [
    ['approve', 'approve what somebody else has asked for'],
    ['refuse', 'refuse what somebody else has asked for'],
  ] as const) {
    command
      .command(verb)
      .argument('<id>', 'of the request')
      .description(description)
      .option('--profile <file>', 'who signs in where')
      .addHelpText('after', `\nExamples:\n  thingward policy ${verb} 1f9a03bc`)
      .action((id: string, options: FolderOptions) => tell(verb, { id }, options));
  }
  command
    .command('quarantine')
    .argument('[jid]', 'who may do nothing for a while; all who may not are listed without it')
    .description('keep somebody from doing anything to Things')
    .option('--minutes <count>', 'for how long', '15')
    .option('--reason <text>', 'why')
    .option('--release', 'end it')
    .option('--profile <file>', 'which administrator signs in where')
    .option('--json', 'one JSON object per entry')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward policy quarantine\n  thingward policy quarantine eve@example.org --minutes 60\n  thingward policy quarantine eve@example.org --release',
    )
    .action(
      (jid: string | undefined, options: FolderOptions & { minutes: string; reason?: string; release?: boolean }) => {
        if (jid === undefined) return rows('list-quarantine', ['jid', 'until', 'by', 'reason'], options);
        if (options.release) return tell('release', { jids: jid }, options);
        const reason = options.reason === undefined ? {} : { reason: options.reason };
        return tell('quarantine', { jids: jid, minutes: options.minutes, ...reason }, options);
      },
    );
  return command;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** @throws PolicyError */
function load(folder: string): PolicyBundle {
  return compileBundle(readPolicyFiles(resolve(folder)));
}

function check(folder: string, { json }: OutputOptions): void {
  let problems: PolicyError['problems'];
  let summary = '';
  try {
    const bundle = load(folder);
    const { set, files } = bundle;
    problems = [...set.warnings, ...unknownNames(bundle)];
    const own = set.policies.filter(({ isShipped }) => !isShipped).length;
    summary = `${folder}: ${own} ${own === 1 ? 'policy' : 'policies'} in ${files.size} ${files.size === 1 ? 'file' : 'files'}`;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    problems = error.problems;
  }
  for (const problem of problems) {
    if (json) printJson(problem);
    else process.stdout.write(`${problemText(problem)}\n`);
  }
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) throw new CommandError(`${folder}: ${errors} ${errors === 1 ? 'error' : 'errors'}`);
  say(summary);
}

function runTests(folder: string, { json }: OutputOptions): void {
  const results = checkExpectations(load(folder), new Date());
  for (const { name, at, isMet, expected, difference, explanation } of results) {
    if (json) printJson({ name, at, isMet, expected, outcome: explanation.outcome, difference });
    else
      process.stdout.write(
        `${isMet ? 'ok      ' : 'not ok  '}${at}  ${name}${isMet ? '' : `: expected ${expected}, but ${difference}`}\n`,
      );
  }
  const unmet = results.filter(({ isMet }) => !isMet).length;
  if (unmet > 0) throw new CommandError(`${unmet} of ${results.length} expectations are not met`);
  if (results.length === 0) throw new CommandError(`${folder} has no expectations: write them into a file *.test.yaml`);
  say(`${results.length} expectations are met`);
}

function explainOne(folder: string, options: ExplainOptions): void {
  const { principal, action, resource, owner, service, context } = options;
  const parsed = questionSchema.safeParse({
    principal,
    action,
    resource,
    ...(owner === undefined ? {} : { owner }),
    ...(service ? { kind: 'service' } : {}),
    context: Object.fromEntries(context.map(contextEntry)),
  });
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new UsageError(issues.join('; '));
  }
  const explanation = explain(load(folder), parsed.data, new Date());
  if (options.json) printJson(explanation);
  else printExplanation(explanation);
}

/** Values are numbers and booleans where they look like it; what is text by its nature stays so. */
function contextEntry(entry: string): [string, unknown] {
  const equals = entry.indexOf('=');
  if (equals < 1) throw new UsageError(`--context needs name=value, got "${entry}"`);
  const [name, value] = [entry.slice(0, equals), entry.slice(equals + 1)];
  if (name === 'fieldTypes') return [name, value.split(',')];
  if (/^(text|name|path|method|ip|time|number|previous|change|changePerSecond)$/.test(name)) return [name, value];
  if (value === 'true' || value === 'false') return [name, value === 'true'];
  return [name, /^-?\d+$/.test(value) ? Number(value) : value];
}

function printExplanation({ outcome, decisive, others, errors }: Explanation): void {
  const line = ({ id, at, effect, description, obligation }: ExplainedPolicy) =>
    `${effect} ${id} (${at})${obligation ? ` @obligation("${obligation}")` : ''}${description ? `: ${description}` : ''}`;
  process.stdout.write(`${outcome}\n`);
  for (const error of errors) process.stdout.write(`  error: ${error}\n`);
  if (decisive.length === 0 && errors.length === 0) process.stdout.write('  nothing permits it\n');
  for (const policy of decisive) process.stdout.write(`  by ${line(policy)}\n`);
  for (const policy of others) {
    process.stdout.write(`  not by ${line(policy)}\n`);
    for (const condition of policy.failed) process.stdout.write(`    since this does not hold: ${condition}\n`);
  }
}

function template(name: string | undefined, values: readonly string[], { json }: OutputOptions): void {
  const templates = policyTemplates();
  if (name === undefined) {
    for (const { name: each, title, parameters } of templates) {
      if (json) printJson({ name: each, title, parameters });
      else {
        process.stdout.write(`${each}\n  ${title}\n`);
        for (const parameter of parameters) process.stdout.write(`    ${parameter.name}: ${parameter.hint}\n`);
      }
    }
    return;
  }
  const found = templates.find((one) => one.name === name);
  if (!found) {
    throw new UsageError(`there is no template "${name}"; there are ${templates.map((one) => one.name).join(', ')}`);
  }
  const pairs = values.map((value): [string, string] => {
    const equals = value.indexOf('=');
    if (equals < 1) throw new UsageError(`a parameter is name=value, got "${value}"`);
    return [value.slice(0, equals), value.slice(equals + 1)];
  });
  try {
    process.stdout.write(fillTemplate(found, new Map(pairs)));
  } catch (error) {
    if (error instanceof TemplateError) throw new UsageError(error.message);
    throw error;
  }
}

async function apply(folder: string, { shadow, none, profile }: FolderOptions): Promise<void> {
  const slot = shadow ? 'shadow' : 'enforced';
  // What is wrong is told with its file here, before anybody signs in.
  const files = none ? undefined : load(folder).files;
  const values: FormValues = files ? { slot, files: JSON.stringify(Object.fromEntries(files)) } : { slot, none: true };
  await Administration.use(profile, async (administration) => {
    const { notes } = await administration.run(`${GUARD_COMMANDS}#apply`, values);
    for (const line of noteLines(notes)) say(line);
  });
}

function list({ shadow, profile, json }: FolderOptions): Promise<void> {
  return Administration.use(profile, async (administration) => {
    const response = await administration.run(`${GUARD_COMMANDS}#list`, { slot: shadow ? 'shadow' : 'enforced' });
    print(response, ['id', 'at', 'effect', 'obligation', 'description'], json);
  });
}

function rows(name: string, columns: readonly string[], { profile, json }: FolderOptions): Promise<void> {
  return Administration.use(profile, async (administration) => {
    print(await administration.run(`${GUARD_COMMANDS}#${name}`), columns, json);
  });
}

function tell(name: string, values: FormValues, { profile }: FolderOptions): Promise<void> {
  return Administration.use(profile, async (administration) => {
    const { notes } = await administration.run(`${GUARD_COMMANDS}#${name}`, values);
    for (const line of noteLines(notes)) say(line);
  });
}

async function showBaseline(
  jid: string,
  thing: string,
  { profile, json, ...place }: FolderOptions & KeptBaselinePlace,
): Promise<void> {
  const kept = keptExplanation(place, jid, thing);
  if (kept) {
    if (json) printJson(kept);
    else for (const line of kept.words) process.stdout.write(`${line}\n`);
    return;
  }
  return Administration.use(profile, async (administration) => {
    // A domain may be a Thing, or somebody, too.
    const address = (name: string) => (name.includes('.') ? name : administration.account(name));
    const values = { jid: address(jid), thing: address(thing) };
    const { form } = await administration.run(`${GUARD_COMMANDS}#baseline`, values, 'baseline.enabled: true');
    const value = (name: string) => form?.fields?.find((field) => field.var === name)?.values ?? [];
    for (const line of value(json ? 'json' : 'words')) process.stdout.write(`${line}\n`);
  });
}

function print({ form }: CommandResponse, columns: readonly string[], json: boolean | undefined): void {
  const items = (form?.items ?? []).map((fields) =>
    Object.fromEntries(columns.map((name) => [name, fields.find((field) => field.var === name)?.values?.[0]])),
  );
  if (json) for (const item of items) printJson(item);
  else
    printTable(
      columns,
      items.map((item) => columns.map((name) => item[name] ?? '')),
    );
}
