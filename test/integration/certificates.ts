import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificates {
  readonly ca: string;
  readonly otherCa: string;
  readonly server: Pair;
  readonly client: Pair;
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** An authority of our own, a server of the name `prometheus.test`, a client, and another authority that signed nothing. */
export async function makeCertificates(dir: string): Promise<Certificates> {
  const openssl = (...args: readonly string[]) => run('openssl', args, { cwd: dir });
  const authority = async (name: string): Promise<Pair> => {
    const pair = { cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) };
    const subject = ['-subj', `/CN=${name}`, '-days', '2'];
    await openssl('req', '-x509', ...NEW_KEY, '-keyout', pair.key, '-out', pair.cert, ...subject);
    return pair;
  };
  const ca = await authority('ca');
  const signed = async (name: string): Promise<Pair> => {
    const pair = { cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) };
    const request = join(dir, `${name}.csr`);
    const names = join(dir, `${name}.ext`);
    await writeFile(names, `subjectAltName=DNS:${name}\n`);
    await openssl('req', ...NEW_KEY, '-keyout', pair.key, '-out', request, '-subj', `/CN=${name}`);
    const by = ['-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial', '-days', '2'];
    await openssl('x509', '-req', '-in', request, '-out', pair.cert, ...by, '-extfile', names);
    return pair;
  };
  const server = await signed('prometheus.test');
  const client = await signed('lockkeeper');
  return { ca: ca.cert, otherCa: (await authority('other')).cert, server, client };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
