import { STATISTICS_NODE } from '@thingward/server';
import { Command } from 'commander';
import { Administration } from '../administration.ts';
import { type OutputOptions, printJson, printTable } from '../output.ts';

export function statsCommand(): Command {
  return new Command('stats')
    .description('how a running server is doing; for its administrators')
    .option('--profile <file>', 'which administrator signs in where')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExamples:\n  thingward stats\n  thingward stats --json | jq .sessions')
    .action((options: OutputOptions & { readonly profile?: string }) =>
      Administration.use(options.profile, async (administration) => {
        const { form } = await administration.run(STATISTICS_NODE);
        const figures = (form?.fields ?? []).flatMap(({ var: name, label = '', values = [] }) =>
          name === undefined ? [] : [{ name, label, value: values[0] ?? '' }],
        );
        if (options.json) {
          printJson(Object.fromEntries(figures.map(({ name, value }) => [name, asNumber(value)])));
          return;
        }
        printTable(
          ['figure', '>value'],
          figures.map(({ label, value }) => [label, value]),
        );
      }),
    );
}

function asNumber(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}
