import {
  compileBundle,
  describeRequest,
  isComplete,
  isPolicyFile,
  PolicyError,
  type PolicyFiles,
  problemText,
} from '@thingward/guard';
import { commandError, type DataForm, type FormField, type Jid } from '@thingward/xmpp';
import { z } from 'zod';
import { addressesOf, ask, done, optionalValue, requiredValue, textOf } from '../administration/admin-form.ts';
import type { Administrators } from '../administration/administrators.ts';
import type { Command } from '../commands/command.ts';
import { baselineCommand } from './baseline-command.ts';
import { GUARD_COMMANDS } from './command-namespace.ts';
import type { PolicySlot, ServerGuard } from './server-guard.ts';

const FILE_FIELD = 'file:';
const SLOT_FIELD: FormField = {
  var: 'slot',
  type: 'list-single',
  label: 'Which policies',
  options: [
    { label: 'Those in force', value: 'enforced' },
    { label: 'Those on trial', value: 'shadow' },
  ],
  values: ['enforced'],
};
const MAX_QUARANTINE_MINUTES = 43_200;

/** What administrators, and those who approve, do with a guard that runs. */
export function guardCommands(server: ServerGuard, administrators: Administrators): readonly Command[] {
  const { guard } = server;
  const command = (name: string, title: string, execute: Command['execute']): Command => ({
    node: `${GUARD_COMMANDS}#${name}`,
    name: title,
    mayRun: (from) => administrators.includes(from),
    execute,
  });
  return [
    command('apply', 'Apply Policies', () =>
      ask(
        {
          title: 'Applying Policies',
          instructions: 'They take the place of all there are. A field named file:NAME is one file, too.',
          fields: [
            SLOT_FIELD,
            { var: 'policies', type: 'text-multi', label: 'Policies, where there is one file' },
            { var: 'files', type: 'text-multi', label: 'Or several, as JSON: texts by name' },
            { var: 'none', type: 'boolean', label: 'Take all policies away', values: ['0'] },
          ],
        },
        (form) => {
          const slot = slotOf(optionalValue(form, 'slot'));
          if (isYes(optionalValue(form, 'none'))) {
            server.apply(slot, undefined);
            return done('there are no policies any more');
          }
          const files = filesOf(form.fields);
          const bundle = compiled(files);
          server.apply(slot, bundle);
          const warnings = [...bundle.set.warnings, ...server.unknownNames(bundle)].map(problemText);
          const count = bundle.set.policies.filter(({ isShipped }) => !isShipped).length;
          const text = `${count} ${count === 1 ? 'policy is' : 'policies are'} ${slot === 'enforced' ? 'in force' : 'on trial'}`;
          return {
            kind: 'completed',
            notes: [{ type: 'info', text }, ...warnings.map((warning) => ({ type: 'warn' as const, text: warning }))],
          };
        },
      ),
    ),
    command('list', 'List Policies', () =>
      ask(
        { title: 'Listing Policies', instructions: 'Fill out this form to list policies.', fields: [SLOT_FIELD] },
        (form) => {
          const slot = slotOf(optionalValue(form, 'slot'));
          const bundle = slot === 'enforced' ? guard.policies : guard.shadowPolicies;
          const items = (bundle?.set.policies ?? []).map((policy): readonly FormField[] => [
            { var: 'id', values: [policy.id] },
            { var: 'at', values: [policy.at] },
            { var: 'effect', values: [policy.effect] },
            { var: 'obligation', values: policy.obligation.kind === 'deny' ? [] : [policy.obligation.kind] },
            { var: 'description', values: policy.description === undefined ? [] : [policy.description] },
          ]);
          const reported = ['id', 'at', 'effect', 'obligation', 'description'].map((name) => ({
            var: name,
            label: name,
          }));
          const sources = [...server.files(slot)].map(
            ([name, text]): FormField => ({ var: FILE_FIELD + name, type: 'text-multi', values: text.split('\n') }),
          );
          return { kind: 'completed', form: { type: 'result', fields: sources, reported, items } };
        },
      ),
    ),
    command('list-quarantine', 'List Quarantine', () => {
      const items = guard.quarantine.list().map(({ jid, until, reason, by }): readonly FormField[] => [
        { var: 'jid', values: [jid] },
        { var: 'until', values: [until.toISOString()] },
        { var: 'reason', values: [reason] },
        { var: 'by', values: [by] },
      ]);
      const reported = ['jid', 'until', 'reason', 'by'].map((name) => ({ var: name, label: name }));
      return { kind: 'completed', form: { type: 'result', fields: [], reported, items } };
    }),
    command('quarantine', 'Put into Quarantine', () =>
      ask(
        {
          title: 'Putting into Quarantine',
          instructions: 'They may do nothing at Things that are guarded.',
          fields: [
            { var: 'jids', type: 'jid-multi', label: 'Addresses', required: true },
            { var: 'minutes', label: 'For how many minutes', values: ['15'] },
            { var: 'reason', label: 'Why' },
          ],
        },
        (form, from) => {
          const minutes = Number(optionalValue(form, 'minutes') ?? '15');
          if (!(minutes > 0 && minutes <= MAX_QUARANTINE_MINUTES)) {
            throw commandError('bad-payload', `"minutes" is a number up to ${MAX_QUARANTINE_MINUTES}`);
          }
          const until = new Date(Date.now() + minutes * 60_000);
          const reason = optionalValue(form, 'reason') ?? 'an administrator has ordered it';
          const by = from.bare.toString();
          for (const jid of addressesOf(form, 'jids'))
            guard.quarantine.add({ jid: jid.bare.toString(), until, reason, by });
          return done();
        },
      ),
    ),
    command('release', 'Release from Quarantine', () =>
      ask(
        {
          title: 'Releasing from Quarantine',
          instructions: 'Fill out this form to release somebody.',
          fields: [{ var: 'jids', type: 'jid-multi', label: 'Addresses', required: true }],
        },
        (form) => {
          const released = addressesOf(form, 'jids').filter((jid) => guard.quarantine.release(jid.bare.toString()));
          return done(`${released.length} released`);
        },
      ),
    ),
    ...(server.baseline ? [baselineCommand(server.baseline, administrators)] : []),
    ...approvalCommands(server, administrators),
  ];
}

/** Who may approve is for policies to say: these are for everybody. */
function approvalCommands(server: ServerGuard, administrators: Administrators): readonly Command[] {
  const { guard, approvals } = server;
  const mayRun = async (from: Jid) =>
    (await administrators.includes(from)) ||
    guard.approvals
      .list()
      .some(({ approvers }) => approvers.some((group) => guard.membersOf(group).includes(from.bare.toString())));
  const answer = (verb: 'approve' | 'refuse', title: string): Command => ({
    node: `${GUARD_COMMANDS}#${verb}`,
    name: title,
    mayRun,
    execute: () =>
      ask(
        {
          title,
          instructions: 'Fill out this form to answer a request for approval.',
          fields: [{ var: 'id', label: 'Request', required: true }],
        },
        (form, from) => done(approvals.answer(verb, requiredValue(form, 'id'), from.bare.toString())),
      ),
  });
  return [
    {
      node: `${GUARD_COMMANDS}#list-approvals`,
      name: 'List Requests for Approval',
      mayRun,
      execute: () => {
        const items = guard.approvals.list().map((request): readonly FormField[] => [
          { var: 'id', values: [request.id] },
          { var: 'requester', values: [request.requester] },
          { var: 'request', values: [describeRequest(request)] },
          { var: 'approvers', values: [request.approvers.join(', ')] },
          { var: 'expires', values: [request.expires.toISOString()] },
          { var: 'approved', values: [isComplete(request) ? '1' : '0'] },
        ]);
        const names = ['id', 'requester', 'request', 'approvers', 'expires', 'approved'];
        const reported = names.map((name) => ({ var: name, label: name }));
        return { kind: 'completed', form: { type: 'result', fields: [], reported, items } };
      },
    },
    answer('approve', 'Approve a Request'),
    answer('refuse', 'Refuse a Request'),
  ];
}

function filesOf(fields: readonly FormField[]): PolicyFiles {
  const files = new Map<string, string>();
  const submitted: DataForm = { type: 'submit', fields: [...fields] };
  for (const { var: name, values = [] } of fields) {
    if (!name?.startsWith(FILE_FIELD)) continue;
    const file = name.slice(FILE_FIELD.length);
    if (!isPolicyFile(file)) throw commandError('bad-payload', `"${file}" is no name of a file of policies`);
    files.set(file, values.join('\n'));
  }
  for (const [name, text] of filesOfJson(textOf(submitted, 'files'))) files.set(name, text);
  const single = textOf(submitted, 'policies');
  if (single) files.set('policies.cedar', `${single}\n`);
  if (files.size === 0) throw commandError('bad-payload', 'there is no file of policies');
  return files;
}

const filesSchema = z.record(z.string(), z.string());

function filesOfJson(json: string | undefined): readonly (readonly [string, string])[] {
  if (json === undefined) return [];
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    throw commandError('bad-payload', '"files" is no JSON');
  }
  const parsed = filesSchema.safeParse(given);
  if (!parsed.success) throw commandError('bad-payload', '"files" is an object of texts by name');
  const wrong = Object.keys(parsed.data).find((name) => !isPolicyFile(name));
  if (wrong !== undefined) throw commandError('bad-payload', `"${wrong}" is no name of a file of policies`);
  return Object.entries(parsed.data);
}

function compiled(files: PolicyFiles) {
  try {
    return compileBundle(files);
  } catch (error) {
    if (error instanceof PolicyError) throw commandError('bad-payload', error.message);
    throw error;
  }
}

function slotOf(value: string | undefined): PolicySlot {
  if (value === undefined || value === 'enforced') return 'enforced';
  if (value === 'shadow') return 'shadow';
  throw commandError('bad-payload', '"slot" is enforced or shadow');
}

function isYes(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}
