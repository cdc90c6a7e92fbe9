import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { UploadSchema } from './upload-tables.ts';

const SETTING = 'upload-secret';

/** Signs addresses to which files may be put, so that others are refused before anything is looked up. */
export class UploadSigner {
  readonly #database: Kysely<UploadSchema>;
  #secret: Promise<Buffer> | undefined;

  constructor(database: Kysely<UploadSchema>) {
    this.#database = database;
  }

  /** @param until milliseconds since 1970 */
  async sign(id: string, until: number): Promise<string> {
    return (await this.#mac(id, until)).toString('base64url');
  }

  async isValid(id: string, until: number, signature: string): Promise<boolean> {
    const wanted = await this.#mac(id, until);
    const given = Buffer.from(signature, 'base64url');
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  async #mac(id: string, until: number): Promise<Buffer> {
    this.#secret ??= this.#load();
    return createHmac('sha256', await this.#secret)
      .update(`${id} ${until}`)
      .digest();
  }

  async #load(): Promise<Buffer> {
    await this.#database
      .insertInto('setting')
      .values({ name: SETTING, value: randomBytes(32).toString('base64') })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const { value } = await this.#database
      .selectFrom('setting')
      .select('value')
      .where('name', '=', SETTING)
      .executeTakeFirstOrThrow();
    return Buffer.from(value, 'base64');
  }
}
