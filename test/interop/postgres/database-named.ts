import { createHash } from 'node:crypto';
import pg from 'pg';

const ADDRESS = process.env.THINGWARD_TEST_POSTGRES;
const DUPLICATE_DATABASE = '42P04';
/** Somebody else is copying the same template at this moment. */
const OBJECT_IN_USE = '55006';

/** The address of a database of its own in the PostgreSQL that the tests run on: the same each time for the same name. */
export async function databaseNamed(name: string): Promise<string> {
  if (ADDRESS === undefined) throw new Error('THINGWARD_TEST_POSTGRES names no database');
  const database = `t${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
  const client = new pg.Client({ connectionString: ADDRESS });
  await client.connect();
  try {
    for (let attempts = 0; ; attempts++) {
      try {
        await client.query(`create database ${database} template template0`);
        break;
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === DUPLICATE_DATABASE) break;
        if (code !== OBJECT_IN_USE || attempts > 20) throw error;
      }
    }
  } finally {
    await client.end();
  }
  return ADDRESS.replace('/postgres?', `/${database}?`);
}
