import { join } from 'node:path';
import type { Logger } from '@thingward/xmpp';
import { type DecisionKeeper, type GuardDecision, isChange } from '../guard-decision.ts';
import type { PolicyFiles } from '../policy/policy-bundle.ts';
import type { AuditConfig } from './audit-config.ts';
import {
  type AdministrativeAct,
  type AuditPrivacy,
  actEntry,
  decisionEntry,
  isAudited,
  policiesEntry,
} from './audit-entries.ts';
import { loadAuditKey, loadPseudonyms } from './audit-key.ts';
import type { ChainPlace } from './audit-line.ts';
import { AuditLog } from './audit-log.ts';
import { AuditSpool } from './audit-spool.ts';
import { DenialCounts } from './denial-counts.ts';

export interface GuardAuditOptions {
  readonly config: AuditConfig;
  /** Keys are here, beside the log. */
  readonly dataDir: string;
  readonly clock: () => Date;
  readonly log: Logger;
  readonly onCheckpoint?: ((line: string, place: ChainPlace) => void) | undefined;
}

const ROUND_MS = 5000;

/** The folder of an audit log. */
export function auditFolder({ folder }: Pick<AuditConfig, 'folder'>, dataDir: string): string {
  return folder ?? join(dataDir, 'audit');
}

/** Where its keys are: not in its folder, which is for who checks it. */
export function auditKeyFiles(dataDir: string): { readonly signing: string; readonly pseudonyms: string } {
  return { signing: join(dataDir, 'audit.key'), pseudonyms: join(dataDir, 'audit.pseudonyms.key') };
}

/** The audit log of a guard: what it decides, and what administrators do, by the rules for what is kept. */
export class GuardAudit implements DecisionKeeper {
  readonly #config: AuditConfig;
  readonly #clock: () => Date;
  readonly #audit: AuditLog;
  readonly #spool: AuditSpool;
  readonly #privacy: AuditPrivacy;
  readonly #denials: DenialCounts;
  #timer: NodeJS.Timeout | undefined;

  /** @throws AuditError `unusable` where a key can't be used */
  constructor({ config, dataDir, clock, log, onCheckpoint }: GuardAuditOptions) {
    const folder = auditFolder(config, dataDir);
    const files = auditKeyFiles(dataDir);
    this.#config = config;
    this.#clock = clock;
    this.#spool = new AuditSpool(folder);
    this.#denials = new DenialCounts(config.deniedPerMinute);
    this.#privacy = {
      pseudonyms: config.pseudonymise ? loadPseudonyms(files.pseudonyms) : undefined,
      keepsPublished: config.published,
    };
    this.#audit = new AuditLog({
      folder,
      key: loadAuditKey(files.signing, folder),
      clock,
      log,
      onCheckpoint,
      maxFileBytes: config.maxFileBytes,
      keepDays: config.keepDays,
      checkpointMs: config.checkpointSeconds * 1000,
    });
  }

  /** @param program what begins, with its version @param known a checkpoint that was kept elsewhere */
  async start(program: string, known?: ChainPlace): Promise<void> {
    this.#audit.append({ kind: 'begun', at: this.#now(), program });
    await this.#audit.start(known);
    await this.#takeSpooled();
    this.#timer = setInterval(() => {
      this.#writeDenials(false);
      void this.#takeSpooled();
    }, ROUND_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#writeDenials(true);
    this.#audit.append({ kind: 'ended', at: this.#now() });
    await this.#audit.stop();
  }

  /** Why nothing can be recorded just now, whatever follows from it. */
  get problem(): string | undefined {
    return this.#audit.refusal;
  }

  /** Why something that has to be recorded must not be done now. */
  get refusal(): string | undefined {
    return this.#config.onFailure === 'refuse' ? this.#audit.refusal : undefined;
  }

  /**
   * Records a decision. It is called before it is carried out.
   * @returns undefined when nobody has to wait; else what resolves once it is on the disk: with why it is not, where it must be
   */
  decided(decision: GuardDecision): Promise<string | undefined> | undefined {
    if (!isAudited(decision, this.#privacy)) return undefined;
    const entry = decisionEntry(decision, this.#privacy);
    const { outcome } = decision;
    const isCounted = outcome === 'deny' || outcome === 'limit';
    if (!isCounted || this.#denials.isWritten(entry, decision.at.getTime())) this.#audit.append(entry);
    const { sync, onFailure } = this.#config;
    if (sync === 'after' || decision.outcome !== 'permit' || !isChange(decision.decisive.action)) return undefined;
    return this.#audit.settled().then((problem) => (onFailure === 'refuse' ? problem : undefined));
  }

  /** Resolves when all that was recorded so far is on the disk: with undefined, or with why it is not. */
  settled(): Promise<string | undefined> {
    return this.#audit.settled();
  }

  acted(act: Omit<AdministrativeAct, 'at'>): void {
    this.#audit.append(actEntry({ ...act, at: this.#clock() }, this.#privacy));
  }

  /** How an address is written in values that say whom an act was about. */
  addressText(jid: string): string {
    return this.#privacy.pseudonyms?.(jid) ?? jid;
  }

  appliedPolicies(slot: string, files: PolicyFiles | undefined): void {
    this.#audit.append(policiesEntry(this.#clock(), slot, files));
  }

  #now(): string {
    return this.#clock().toISOString();
  }

  #writeDenials(all: boolean): void {
    for (const entry of this.#denials.take(this.#clock().getTime(), all)) this.#audit.append(entry);
  }

  /** Takes over what was left beside the log. It is taken away when it is on the disk; so it may be there twice, but never not at all. */
  async #takeSpooled(): Promise<void> {
    const waiting = this.#spool.waiting();
    if (waiting.length === 0 || this.#audit.refusal !== undefined) return;
    for (const { entry } of waiting) this.#audit.append(entry);
    if ((await this.#audit.settled()) !== undefined) return;
    for (const { remove } of waiting) remove();
  }
}
