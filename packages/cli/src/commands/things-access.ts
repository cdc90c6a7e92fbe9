import {
  ACCESS_KINDS,
  type AccessKind,
  type AccessQuestionToOwner,
  type AccessRule,
  allOf,
  answerQuestion,
  decideAccess,
  dismissQuestion,
  editRule,
  FIELD_TYPES,
  HISTORICAL_FIELD_TYPES,
  listQuestions,
  listRules,
  listSeenServices,
  RULE_SCOPES,
  type RuleContent,
  type RuleScope,
  withdrawRule,
} from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import type { Command } from 'commander';
import { ClientSession, parseThing } from '../client-session.ts';
import { UsageError } from '../errors.ts';
import { type OutputOptions, printJson, printTable, say, thingText } from '../output.ts';
import { parseTypes } from '../readout-options.ts';
import { parseDistance } from '../time-text.ts';
import { explainRefusal } from './read.ts';

interface AccessOptions extends OutputOptions {
  readonly profile?: string;
  readonly server?: string;
}

interface DecisionOptions extends AccessOptions {
  readonly for: string;
  readonly subject?: string;
  readonly kind: string;
  readonly names?: readonly string[];
  readonly types?: string;
  readonly once?: boolean;
  readonly lasts?: string;
}

type AddVerb = (usage: string, description: string) => Command;

/** The verbs with which an owner decides who may do what with its Things. @see docs/provisioning.md */
export function addAccessVerbs(verb: AddVerb): void {
  const at = (usage: string, description: string) =>
    verb(usage, description).option('--server <jid>', 'the provisioning server; that of your server when not given');
  at('questions', 'who waits for your decision')
    .addHelpText('after', '\nExamples:\n  thingward things questions\n  thingward things questions --json')
    .action(showQuestions);
  at('rules', 'what you have decided about your Things')
    .addHelpText('after', '\nExamples:\n  thingward things rules\n  thingward things rules --json')
    .action(showRules);
  for (const verdict of ['allow', 'deny'] as const) {
    decisionOptions(
      at(`${verdict} <question> [thing]`, `${verdict} what was asked, or somebody something with a Thing`),
    )
      .option('--for <whom>', RULE_SCOPES.join(', '), 'requester')
      .option('--subject <token>', 'which token, where several came; for a Thing: whom, where it is no JID')
      .option('--kind <kind>', `of access to a Thing: ${ACCESS_KINDS.join(', ')}`, 'read')
      .addHelpText(
        'after',
        `\nExamples:\n  thingward things ${verdict} 3\n  thingward things ${verdict} 3 --for domain --lasts 1d\n` +
          `  thingward things ${verdict} reader@example.org plant@example.org#meter --names Energy Power\n` +
          `  thingward things ${verdict} anyone lamp@example.org --kind control`,
      )
      .action((question: string, thing: string | undefined, options: DecisionOptions) =>
        decide(verdict === 'allow', question, thing, options),
      );
  }
  decisionOptions(at('edit <rule> <verdict>', 'change a rule of yours: allow or deny'))
    .addHelpText(
      'after',
      '\nExamples:\n  thingward things edit 5 deny\n  thingward things edit 5 allow --types momentary',
    )
    .action(edit);
  at('withdraw <rule>', 'take a rule of yours back: what it was for is asked again').action(
    (text: string, options: AccessOptions) => {
      const rule = numberOf(text, 'rule');
      return withServer(options, async (session, server) => {
        await withdrawRule(session.client, server, rule);
        if (options.json) printJson({ rule, withdrawn: true });
        else say(`rule ${rule}: withdrawn`);
      });
    },
  );
  at('services', 'services that ask about their users, and what they asked; for administrators')
    .addHelpText('after', '\nExamples:\n  thingward things services --json')
    .action((options: AccessOptions) =>
      withServer(options, async (session, server) => {
        const services = await listSeenServices(session.client, server);
        if (options.json) for (const service of services) printJson({ ...service, jid: service.jid?.toString() });
        else {
          printTable(
            ['service', 'certificate', 'shown by', 'users', 'privileges'],
            services.map(({ name, certificate, jid, users, privileges }) => [
              name ?? 'not configured',
              certificate,
              String(jid ?? ''),
              users.join(', '),
              privileges.join(', '),
            ]),
          );
        }
      }),
    );
  at('dismiss <question>', 'put a question away without a rule').action((text: string, options: AccessOptions) => {
    const question = numberOf(text, 'question');
    return withServer(options, async (session, server) => {
      await dismissQuestion(session.client, server, question);
      if (options.json) printJson({ question, dismissed: true });
      else say(`question ${question}: put away`);
    });
  });
}

function decisionOptions(command: Command): Command {
  return command
    .option('--names <name...>', 'these fields or parameters only')
    .option('--types <list>', 'these kinds of fields only: momentary, status, ..., historical')
    .option('--once', 'for one request only')
    .option('--lasts <time>', 'not for ever, but for so long: 15m, 2h, 1d');
}

function showQuestions(options: AccessOptions): Promise<void> {
  return withServer(options, async (session, server) => {
    const questions = await allOf((part) => listQuestions(session.client, server, part));
    if (options.json) for (const question of questions) printJson(questionJson(question));
    else {
      printTable(
        ['question', 'requester', 'wants to', 'thing', 'asked', 'last', 'there is'],
        questions.map((question) => [
          String(question.id),
          question.requester.toString(),
          VERBS[question.kind],
          thingText(question.jid.toString(), question.node),
          `${question.asked}x`,
          question.last.toISOString(),
          question.items.map(({ name, isWanted }) => (isWanted ? `${name}*` : name)).join(', '),
        ]),
      );
    }
  });
}

function showRules(options: AccessOptions): Promise<void> {
  return withServer(options, async (session, server) => {
    const rules = await allOf((part) => listRules(session.client, server, part));
    if (options.json) for (const rule of rules) printJson(ruleJson(rule));
    else printTable(['rule', 'who', 'verdict', 'thing', 'what', 'until'], rules.map(ruleRow));
  });
}

function decide(isAllowed: boolean, what: string, thing: string | undefined, options: DecisionOptions): Promise<void> {
  const content = contentOf(isAllowed, options);
  const scope = scopeNamed(options.for);
  if (thing === undefined) {
    const question = numberOf(what, 'question', ': for somebody who has not asked, name the Thing, too');
    return withServer(options, async (session, server) => {
      const { subject } = options;
      const answer = { question, scope, ...(subject === undefined ? {} : { subject }), ...content };
      shown(await answerQuestion(session.client, server, answer), options);
    });
  }
  const kind = ACCESS_KINDS.find((candidate) => candidate === options.kind);
  if (!kind) throw new UsageError(`--kind needs ${ACCESS_KINDS.join(', ')}, got "${options.kind}"`);
  const { jid, node } = parseThing(thing);
  const about = { jid: jid.bare, node, kind };
  return withServer(options, async (session, server) => {
    const decision = { ...about, ...subjectOf(what, scope, options.subject), ...content };
    shown(await decideAccess(session.client, server, decision), options);
  });
}

function edit(text: string, verdict: string, options: DecisionOptions): Promise<void> {
  const rule = numberOf(text, 'rule');
  if (verdict !== 'allow' && verdict !== 'deny') throw new UsageError(`the verdict is allow or deny, not "${verdict}"`);
  const content = contentOf(verdict === 'allow', options);
  return withServer(options, async (session, server) => {
    shown(await editRule(session.client, server, { rule, ...content }), options);
  });
}

async function withServer(
  options: AccessOptions,
  work: (session: ClientSession, server: Jid) => Promise<void>,
): Promise<void> {
  const given = options.server === undefined ? undefined : Jid.tryParse(options.server);
  if (options.server !== undefined && !given) throw new UsageError(`--server needs a JID, got "${options.server}"`);
  await ClientSession.use(options.profile, async (session) => {
    const server = await session.provisioning(given);
    try {
      await work(session, server);
    } catch (error) {
      throw explainRefusal(error, server.bare.toString());
    }
  });
}

function contentOf(isAllowed: boolean, { names, types, once, lasts }: DecisionOptions): RuleContent {
  return {
    isAllowed,
    names,
    types: types === undefined ? undefined : parseTypes(types),
    once,
    until: lasts === undefined ? undefined : new Date(Date.now() + parseDistance('--lasts', lasts)),
  };
}

/** `anyone`, a JID, or a domain is said by what it looks like; the kind of a token by `--for`. */
function subjectOf(what: string, scope: RuleScope, subject: string | undefined) {
  if (what === 'anyone') return { scope: 'anyone', subject: '' } as const;
  if (scope === 'service' || scope === 'device' || scope === 'user') return { scope, subject: subject ?? what };
  if (!Jid.tryParse(what)) throw new UsageError(`"${what}" is no JID; say whom, or anyone`);
  return { scope: scope === 'domain' ? 'domain' : 'requester', subject: what } as const;
}

function scopeNamed(text: string): RuleScope {
  const scope = RULE_SCOPES.find((candidate) => candidate === text);
  if (scope) return scope;
  throw new UsageError(`--for needs one of ${RULE_SCOPES.join(', ')}, got "${text}"`);
}

function numberOf(text: string, what: 'question' | 'rule', more = ''): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`"${text}" is no number of a ${what}${more}`);
}

const VERBS: Readonly<Record<AccessKind, string>> = { friend: 'be a friend of', read: 'read', control: 'control' };

function shown(rule: AccessRule, options: OutputOptions): void {
  if (options.json) printJson(ruleJson(rule));
  else {
    const [id, who, verdict, thing, what, until] = ruleRow(rule);
    say(`rule ${id}: ${who} ${verdict} ${thing} (${what}${until === 'always' ? '' : `, until ${until}`})`);
  }
}

function ruleRow(rule: AccessRule): readonly string[] {
  const { id, scope, subject, isAllowed, kind, jid, node, names, types, once, until } = rule;
  const isToken = scope === 'service' || scope === 'device' || scope === 'user';
  const what = [...(names ?? []), ...(types ? [typesText(types)] : []), ...(once ? ['once'] : [])];
  return [
    String(id),
    scope === 'anyone'
      ? 'anyone'
      : `${isToken ? `${scope} ` : ''}${scope === 'domain' ? `all of ${subject}` : subject}`,
    `${isAllowed ? 'may' : 'may not'} ${VERBS[kind]}`,
    thingText(jid.toString(), node),
    what.length === 0 ? 'all of it' : what.join(', '),
    until?.toISOString() ?? 'always',
  ];
}

function typesText(types: NonNullable<RuleContent['types']>): string {
  if (FIELD_TYPES.every((type) => types.includes(type))) return 'all kinds';
  const isHistorical = HISTORICAL_FIELD_TYPES.every((type) => types.includes(type));
  const others = types.filter((type) => !(isHistorical && HISTORICAL_FIELD_TYPES.includes(type)));
  return [...others, ...(isHistorical ? ['historical'] : [])].join(', ');
}

function questionJson({ jid, requester, serviceToken, deviceToken, userToken, items, ...rest }: AccessQuestionToOwner) {
  return {
    ...rest,
    thing: jid.toString(),
    requester: requester.toString(),
    tokens: { service: serviceToken, device: deviceToken, user: userToken },
    items: items.map(({ name, types, isWanted }) => ({ name, types, wanted: isWanted })),
  };
}

function ruleJson({ jid, isAllowed, ...rest }: AccessRule) {
  return { ...rest, thing: jid.toString(), allow: isAllowed };
}
