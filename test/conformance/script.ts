/** What an actor does before the first step of a scene. */
export type Entrance = 'away' | 'connected' | 'secured' | 'authenticated' | 'signed in' | 'present';

export interface CastMember {
  /** `Romeo`, or `Juliet/balcony` for one of several sessions of an account. */
  readonly actor: string;
  readonly entrance: Entrance;
  readonly priority: number;
}

/** One line of a scene, and what is indented below it. */
export interface Step {
  readonly actor: string;
  /** Such as `sends`, `receives nothing like`. */
  readonly verb: string;
  readonly body: string;
  readonly line: number;
}

/** One conversation: a test of its own, with accounts of its own. */
export interface Scene {
  readonly script: string;
  readonly title: string;
  /** Which sentences of the specifications it tests. */
  readonly cites: string;
  /** Namespaces and services without which it can't be played. */
  readonly needs: readonly string[];
  readonly cast: readonly CastMember[];
  readonly steps: readonly Step[];
  readonly line: number;
}

/** A script that can't be understood. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  readonly script: string;
  readonly line: number;

  constructor(script: string, line: number, detail: string) {
    super(`${script}:${line}: ${detail}`);
    this.script = script;
    this.line = line;
  }
}

const ENTRANCES: readonly Entrance[] = ['connected', 'secured', 'authenticated', 'signed in', 'present'];
const STEP = /^([A-Z]\w*(?:\/[\w-]+)?)(?: |(?='s ))(.+)$/;
const MEMBER = /^([A-Z]\w*(?:\/[\w-]+)?)(?: \(([a-z ]+?)(?: at (-?\d+))?\))?$/;

/**
 * Reads a script: lines that start with `#` are remarks, `== TITLE` begins a scene, `Cites:`, `Needs:` and `Cast:` say what it is
 * about, and each line `ACTOR VERB`, with XML after a colon or indented below, is a step.
 * @param name by which it is cited
 * @throws ScriptError
 */
export function parseScript(name: string, text: string): readonly Scene[] {
  const scenes: SceneDraft[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1;
    if (raw.trim() === '' || raw.startsWith('#')) continue;
    if (raw.startsWith('== ')) {
      scenes.push(new SceneDraft(name, raw.slice(3).trim(), line));
      continue;
    }
    const scene = scenes.at(-1);
    if (!scene) throw new ScriptError(name, line, 'nothing belongs before the first scene (== TITLE)');
    scene.add(raw, line);
  }
  return scenes.map((scene) => scene.finish());
}

class SceneDraft {
  readonly #script: string;
  readonly #title: string;
  readonly #line: number;
  #cites = '';
  readonly #needs: string[] = [];
  readonly #cast: CastMember[] = [];
  readonly #steps: { actor: string; verb: string; lines: string[]; line: number }[] = [];

  constructor(script: string, title: string, line: number) {
    this.#script = script;
    this.#title = title;
    this.#line = line;
  }

  add(raw: string, line: number): void {
    const header = /^(Cites|Needs|Cast): (.+)$/.exec(raw);
    if (/^\s/.test(raw)) this.#continue(raw.trim(), line);
    else if (header) this.#header(header[1] as string, (header[2] as string).trim(), line);
    else this.#step(raw, line);
  }

  finish(): Scene {
    if (this.#cites === '') throw this.#error(this.#line, `"${this.#title}" does not say what it cites`);
    if (this.#steps.length === 0) throw this.#error(this.#line, `nothing happens in "${this.#title}"`);
    const known = new Set(this.#cast.map(({ actor }) => actor));
    for (const { actor, line } of this.#steps) {
      if (!known.has(actor)) throw this.#error(line, `${actor} is not in the cast`);
    }
    return {
      script: this.#script,
      title: this.#title,
      cites: this.#cites,
      needs: this.#needs,
      cast: this.#cast,
      steps: this.#steps.map(({ lines, ...step }) => ({ ...step, body: joined(lines) })),
      line: this.#line,
    };
  }

  #header(name: string, value: string, line: number): void {
    if (name === 'Cites') this.#cites = value;
    else if (name === 'Needs') this.#needs.push(...value.split(/,\s*/));
    else for (const member of value.split(/,\s*/)) this.#cast.push(this.#member(member, line));
  }

  #member(text: string, line: number): CastMember {
    const [, actor, state = 'away', priority = '0'] = MEMBER.exec(text) ?? [];
    const entrance = state === 'away' ? 'away' : ENTRANCES.find((known) => known === state);
    if (actor === undefined || entrance === undefined) throw this.#error(line, `"${text}" is no member of a cast`);
    return { actor, entrance, priority: Number(priority) };
  }

  #step(raw: string, line: number): void {
    const [, actor = '', rest = ''] = STEP.exec(raw) ?? [];
    if (actor === '') throw this.#error(line, `"${raw}" is no step`);
    const colon = /:(?:\s|$)/.exec(rest);
    const verb = (colon ? rest.slice(0, colon.index) : rest).trim();
    const inline = colon ? rest.slice(colon.index + 1).trim() : '';
    this.#steps.push({ actor, verb, lines: inline === '' ? [] : [inline], line });
  }

  #continue(text: string, line: number): void {
    const step = this.#steps.at(-1);
    if (!step) throw this.#error(line, 'there is no step this belongs to');
    step.lines.push(text);
  }

  #error(line: number, detail: string): ScriptError {
    return new ScriptError(this.#script, line, detail);
  }
}

/** Lines as one: what breaks inside a tag or a text is a space, between tags nothing. */
function joined(lines: readonly string[]): string {
  return lines.reduce((text, line) => (text === '' || text.endsWith('>') ? text + line : `${text} ${line}`), '');
}
