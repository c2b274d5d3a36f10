import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority } from '../../lab/proxy/authority.ts';

/** Paths of PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly otherCa: string;
  readonly server: Paths;
  readonly client: Paths;
}

interface Paths {
  readonly cert: string;
  readonly key: string;
}

/** An authority of our own, a server of the name `prometheus.test`, a client, and another authority that signed nothing. */
export async function makeCertificates(dir: string): Promise<Certificates> {
  const keep = async (name: string, text: string): Promise<string> => {
    const path = join(dir, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const ca = await createAuthority('ca');
  const other = await createAuthority('other');
  const signed = async (name: string): Promise<Paths> => {
    const { cert, key } = await ca.issue({ name });
    return { cert: await keep(`${name}.crt`, cert), key: await keep(`${name}.key`, key) };
  };
  return {
    ca: await keep('ca.crt', ca.cert),
    otherCa: await keep('other.crt', other.cert),
    server: await signed('prometheus.test'),
    client: await signed('lockkeeper'),
  };
}
