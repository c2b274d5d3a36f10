/** Where the workflow bundle is whose failures are encrypted, beside the other one. */
export const encryptedBundle = (bundlePath: string): string =>
  bundlePath.replace(/(\.js)?$/, '.encrypted.js');
