// Run by cluster.test.ts as a process of its own, which is then killed: `node doomed-cluster.ts DIR TOOLS-AS-JSON`.
import type { Tools } from '../../lab/tools/contract.ts';
import { startCluster } from '../../lab/cluster/start.ts';

const [dir = '', tools = '{}'] = process.argv.slice(2);
await startCluster({
  dir,
  tools: JSON.parse(tools) as Tools,
  log: (line) => console.error(line),
  signal: new AbortController().signal,
  ui: false,
});
console.log('up');
setInterval(() => undefined, 60_000);
