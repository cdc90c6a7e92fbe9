import { hasPythonPackage } from './python.ts';

const CANDIDATES = [process.env.THINGWARD_DNP3_PYTHON, 'python3.10', 'python3.9', 'python3.8', 'python3'];

/** A Python with OpenDNP3: the library has binaries for some versions alone, and THINGWARD_DNP3_PYTHON names one that has it. */
export const DNP3_PYTHON = CANDIDATES.find(
  (name) => name !== undefined && name !== '' && hasPythonPackage('pydnp3', name),
);
