import { words } from '../domain/outside.ts';

/** What to look at, by what the SDK says, whose worker and whose client use other words; the first that matches. docs/temporal.md names the variables. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/ConnectionRefused|ECONNREFUSED/, 'nothing listens there'],
  [/dns error|Name resolution failed/, 'the name is not known'],
  [
    /UnknownIssuer|self-signed certificate|unable to (verify|get)/,
    'the authority of its certificate is unknown (TEMPORAL_TLS_SERVER_CA_CERT_PATH)',
  ],
  [
    /NotValidForName|ERR_TLS_CERT_ALTNAME_INVALID/,
    'its certificate is for another name (TEMPORAL_TLS_SERVER_NAME)',
  ],
  [/\(Expired|certificate has expired/, 'its certificate has expired'],
  [/InvalidMessage|wrong version number/, 'it speaks no TLS (TEMPORAL_TLS=false, or another port)'],
  [
    /KeyMismatch|KeyParseError|key values mismatch|DECODER routines|PEM routines/,
    'client certificate and key are no pair in PEM format (TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH)',
  ],
  [
    /transport error|hyper::Error|handshake eof|ConnectionReset|ConnectionAborted|BrokenPipe|Failed to connect|ECONNRESET|SSL alert|socket hang up/,
    'it ends the connection: it wants TLS, or none (TEMPORAL_TLS), or a valid client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH), or is starting',
  ],
  // Before the refusals: one may be why the namespace could not be made.
  [/NOT_FOUND/, 'there is no such namespace (TEMPORAL_NAMESPACE)'],
  [
    /UNAUTHENTICATED|valid authentication credentials/,
    'it does not know us (TEMPORAL_API_KEY, or a client certificate)',
  ],
  [
    /PERMISSION_DENIED|does not have permission/,
    'we may not use the namespace (TEMPORAL_NAMESPACE, TEMPORAL_API_KEY)',
  ],
];

const LONGEST = 1_000;

/** Why a Temporal is not reached: what to look at where that is known, and the error of the SDK. */
export function connectionProblem(error: unknown): string {
  const said = words(messagesOf(error).replace(/\s*Resolution note:\s*$/, ''), LONGEST);
  const [, advice] = ADVICE.find(([pattern]) => pattern.test(said)) ?? [];
  return advice === undefined ? said : `${advice}: ${said}`;
}

/** The message of an error and of what caused it. */
function messagesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messagesOf(error.cause)}`;
}
