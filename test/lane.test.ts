import { expect, test } from '@jest/globals';
import { startLane } from './lane.ts';

const SUMMARY = 'console.log("Tests:       7 passed, 7 total");';
const COUNTED = { failed: 0, skipped: 0, passed: 7, total: 7 };
/** As Node has it in its shutdown: the exit code is settled, and the process stays. */
const STANDS_STILL = `process.once('beforeExit', () => {
  process.on('exit', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});`;
/** After the exit code has been said. */
const CRASHES = `process.once('beforeExit', () => {
  process.on('exit', () => process.kill(process.pid, 'SIGKILL'));
});`;
const CHILD = `const left = require('node:child_process')
  .spawn('sleep', ['60'], { stdio: 'inherit', detached: true });
console.log('left ' + left.pid);`;

test.each([
  {
    name: 'ends by itself',
    script: `${SUMMARY} process.exitCode = 3;`,
    expected: { code: 3, summary: COUNTED },
  },
  { name: 'breaks down', script: 'process.exit(4)', expected: { code: 4, summary: undefined } },
  {
    name: 'is well and stands still in its shutdown',
    script: SUMMARY + STANDS_STILL,
    expected: { code: 0, summary: COUNTED },
    said: 'which has ended with 0, its end is not waited for',
  },
  {
    name: 'has failed, as is said when it ends, and stands still in its shutdown',
    script: `${SUMMARY} process.on('exit', () => { process.exitCode = 1; }); ${STANDS_STILL}`,
    expected: { code: 1, summary: COUNTED },
    said: 'which has ended with 1, its end is not waited for',
  },
  {
    name: 'is well and leaves somebody behind who holds its output',
    script: `${SUMMARY} ${CHILD} left.unref();`,
    expected: { code: 0, summary: COUNTED },
    said: 'which has ended with 0, who holds its output is not waited for',
  },
  {
    name: 'is well and crashes in its shutdown',
    script: SUMMARY + CRASHES,
    expected: { code: 1, summary: COUNTED },
  },
  {
    name: 'prints what another process would say, and waits for one',
    script: `console.log('exit code 0'); console.log('process 1 ends with exit code 0'); ${SUMMARY} ${CHILD}`,
    expected: { code: 1, summary: COUNTED },
    said: 'exit code 0\nprocess 1 ends with exit code 0\n',
  },
  {
    name: 'waits for a process after its tests',
    script: SUMMARY + CHILD,
    expected: { code: 1, summary: COUNTED },
    said: 'sleep 60',
  },
])('the end of a lane that $name', async ({ script, expected, said = '' }) => {
  let told = '';
  const lane = startLane(['-e', script], { write: (text) => (told += text), limitMs: 2_000 });
  expect(await lane.end).toEqual(expected);
  expect(told).toContain(said);
  const left = /^left (\d+)$/m.exec(told)?.[1];
  if (left !== undefined) process.kill(Number(left));
});
