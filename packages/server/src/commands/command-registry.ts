import {
  type CommandActions,
  type CommandRequest,
  type CommandResponse,
  commandError,
  type DiscoItem,
  type Jid,
  type StageAction,
  StanzaError,
} from '@thingward/xmpp';
import type { Command, CommandStep } from './command.ts';
import { CommandSessions, type OpenCommand } from './command-sessions.ts';
import type { CommandRun, CommandWatch } from './command-watch.ts';

/** The commands of the server: modules add theirs, those who may run them are taken through their stages. @see XEP-0050 */
export class CommandRegistry {
  #watch: CommandWatch | undefined;
  readonly #commands = new Map<string, Command>();
  readonly sessions: CommandSessions;

  constructor(sessions: CommandSessions = new CommandSessions()) {
    this.sessions = sessions;
  }

  /** Somebody has to know of all that is done. */
  watch(watch: CommandWatch): void {
    this.#watch = watch;
  }

  add(...commands: readonly Command[]): void {
    for (const command of commands) {
      if (this.#commands.has(command.node)) throw new Error(`two commands at ${command.node}`);
      this.#commands.set(command.node, command);
    }
  }

  /** Those this requester may run now. @param jid whose commands they are */
  async items(from: Jid, jid: Jid): Promise<readonly DiscoItem[]> {
    const items: DiscoItem[] = [];
    for (const command of this.#commands.values()) {
      if ((await isOffered(command)) && (await command.mayRun(from))) {
        items.push({ jid, node: command.node, name: command.name });
      }
    }
    return items;
  }

  /** A command by its node; undefined when there is none. @throws StanzaError `forbidden` when the requester may not run it */
  async find(node: string, from: Jid): Promise<Command | undefined> {
    const command = this.#commands.get(node);
    if (!command || !(await isOffered(command))) return undefined;
    if (!(await command.mayRun(from))) throw new StanzaError('forbidden', `${from.bare} may not run this command`);
    return command;
  }

  /** Takes the next step of a command. @throws StanzaError */
  async run(request: CommandRequest, from: Jid): Promise<CommandResponse> {
    const { node, sessionId, action } = request;
    const command = await this.#allowed(node, from);
    if (!command) throw new StanzaError('item-not-found', `there is no command ${node}`);
    if (sessionId !== undefined) return this.#continue(this.#session(sessionId, command, from), request, from);
    if (action !== 'execute') throw commandError('bad-action', `a command begins with execute, not with ${action}`);
    const session: OpenCommand = { id: this.sessions.newId(), command, from, stages: [], busy: false };
    const step = await command.execute(from);
    if (step.kind === 'completed') this.#watch?.ran({ command, from, effect: effectOf(step) });
    if (step.kind === 'form' && !this.sessions.add(session)) {
      throw new StanzaError('resource-constraint', 'too many commands have been begun and not ended');
    }
    return this.#answer(session, step);
  }

  /** The command, where there is one. That somebody was refused one is of interest, too. @throws StanzaError `forbidden` */
  async #allowed(node: string, from: Jid): Promise<Command | undefined> {
    try {
      return await this.find(node, from);
    } catch (error) {
      const command = this.#commands.get(node);
      if (command) this.#watch?.ran({ command, from, effect: 'refused', reason: (error as Error).message });
      throw error;
    }
  }

  #session(id: string, command: Command, from: Jid): OpenCommand {
    const session = this.sessions.get(id, from);
    if (session?.command === command) return session;
    if (this.sessions.hasEnded(id)) throw commandError('session-expired', 'this session has ended');
    throw commandError('bad-sessionid', 'you have no such session of this command');
  }

  async #continue(session: OpenCommand, request: CommandRequest, from: Jid): Promise<CommandResponse> {
    if (session.busy) throw new StanzaError('unexpected-request', 'the step before is still being taken');
    const { id, command, stages } = session;
    if (request.action === 'cancel') {
      this.sessions.end(id);
      return { node: command.node, sessionId: id, status: 'canceled' };
    }
    const current = stages.at(-1);
    if (!current) throw new Error(`a session of ${command.node} has no stage`);
    const offered = actionsOf(session);
    const action: StageAction = request.action === 'execute' ? offered.execute : request.action;
    if (!offered.allowed.includes(action)) throw commandError('bad-action', `this stage does not offer ${action}`);
    this.sessions.touch(id);
    if (action === 'prev') {
      stages.pop();
      return this.#response(session);
    }
    if (!request.form) throw commandError('bad-payload', 'the form was not submitted');
    const refused = this.#watch?.refusal(command);
    if (refused !== undefined) throw new StanzaError('resource-constraint', refused);
    const taken = { command, from, asked: current.form, form: request.form };
    session.busy = true;
    try {
      const step = await current.submit(request.form, from);
      this.#watch?.ran({ ...taken, effect: effectOf(step) });
      return this.#answer(session, step);
    } catch (error) {
      this.#watch?.ran({ ...taken, effect: 'failed', reason: (error as Error).message });
      throw error;
    } finally {
      session.busy = false;
    }
  }

  #answer(session: OpenCommand, step: CommandStep): CommandResponse {
    const { id, command, stages } = session;
    if (step.kind === 'form') {
      if (stages.length >= this.sessions.limits.maxStages) {
        this.sessions.end(id);
        throw commandError('session-expired', 'this command has gone on for too many stages');
      }
      stages.push(step);
      return this.#response(session);
    }
    this.sessions.end(id);
    const { form, notes, payload } = step;
    return { node: command.node, sessionId: id, status: 'completed', form, notes, payload };
  }

  #response(session: OpenCommand): CommandResponse {
    const { id: sessionId, command, stages } = session;
    return {
      node: command.node,
      sessionId,
      status: 'executing',
      actions: actionsOf(session),
      form: stages.at(-1)?.form,
    };
  }
}

function effectOf(step: CommandStep): CommandRun['effect'] {
  if (step.kind === 'form') return 'continued';
  return step.notes?.some(({ type }) => type === 'error') ? 'failed' : 'done';
}

/** @see XEP-0050 §3.4 */
function actionsOf({ stages }: OpenCommand): CommandActions {
  const execute = stages.at(-1)?.hasNext ? 'next' : 'complete';
  return { allowed: stages.length > 1 ? ['prev', execute] : [execute], execute };
}

async function isOffered(command: Command): Promise<boolean> {
  return command.isOffered === undefined || command.isOffered();
}
