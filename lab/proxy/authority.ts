import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

/** A certificate and its key, both as PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

interface Subject {
  readonly name: string;
  /** What Kubernetes takes for the group of a client. */
  readonly organization?: string;
  /** Default: from an hour ago to tomorrow. */
  readonly from?: Date;
  readonly until?: Date;
}

/** Issues certificates, for tests. */
export interface Authority {
  /** Its own certificate, as PEM. */
  readonly cert: string;
  /** For a server that is reached as 127.0.0.1, localhost or its name, and for a client of that name. */
  issue(subject: Subject): Promise<Pair>;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const HOUR_MS = 3_600_000;

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

export async function createAuthority(name: string): Promise<Authority> {
  const keys = await newKeys();
  const own = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    ...validity({}),
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    cert: own.toString('pem'),
    async issue(subject) {
      const { publicKey, privateKey } = await newKeys();
      const issued = await x509.X509CertificateGenerator.create({
        subject: new x509.Name([
          ...(subject.organization === undefined ? [] : [{ O: [subject.organization] }]),
          { CN: [subject.name] },
        ]).toString(),
        issuer: own.subject,
        publicKey,
        signingKey: keys.privateKey,
        ...validity(subject),
        signingAlgorithm: ALGORITHM,
        extensions: [
          new x509.SubjectAlternativeNameExtension([
            { type: 'dns', value: subject.name },
            { type: 'dns', value: 'localhost' },
            { type: 'ip', value: '127.0.0.1' },
          ]),
        ],
      });
      const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', privateKey);
      return { cert: issued.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
    },
  };
}

function validity({ from, until }: Pick<Subject, 'from' | 'until'>) {
  return {
    notBefore: from ?? new Date(Date.now() - HOUR_MS),
    notAfter: until ?? new Date(Date.now() + 24 * HOUR_MS),
  };
}
