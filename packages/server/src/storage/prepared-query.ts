import type { Compilable, CompiledQuery, Kysely } from 'kysely';

/**
 * A query that is put together once and run with other parameters each time: for those that every log-in needs, where putting it
 * together costs more than running it.
 */
export class PreparedQuery<Row, Parameters extends readonly unknown[]> {
  readonly #database: Pick<Kysely<unknown>, 'executeQuery'>;
  readonly #compiled: CompiledQuery<Row>;

  /** @param query with anything in the place of its parameters, which stand in the order of `Parameters` */
  constructor(database: Pick<Kysely<unknown>, 'executeQuery'>, query: Compilable<Row>) {
    this.#database = database;
    this.#compiled = query.compile();
  }

  /** All rows. */
  async run(...parameters: Parameters): Promise<readonly Row[]> {
    const { rows } = await this.#database.executeQuery<Row>({ ...this.#compiled, parameters });
    return rows;
  }

  /** The only row, if there is one. */
  async first(...parameters: Parameters): Promise<Row | undefined> {
    return (await this.run(...parameters))[0];
  }
}
