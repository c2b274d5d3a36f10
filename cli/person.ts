import { userInfo } from 'node:os';

/** Who speaks, where nothing else is said: the user of this machine, or "somebody", such as in a container. */
export function whoSpeaks(env: NodeJS.ProcessEnv = process.env): string {
  try {
    return userInfo().username;
  } catch {
    return env['USER'] ?? 'somebody';
  }
}
