import { z } from 'zod';

/** Names and values as the API server takes them, without look-ahead: the chart's schema is read by Go. */
const NAME = '[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?';
const PART = '[a-z0-9]([a-z0-9-]*[a-z0-9])?';
const QUALIFIED = new RegExp(`^(${PART}(\\.${PART})*/)?${NAME}$`);
const LONGEST_PREFIX = 253;

const KEY_RULE = 'write keys like state or example.org/state';
const VALUE_RULE = 'write a text of at most 63 letters, digits, dashes, dots and underscores';
const LABELS_RULE = 'write labels like { state: rebooting }';

const qualifiedName = (rule: string) =>
  z
    .string(rule)
    .regex(QUALIFIED, rule)
    .refine((text) => text.lastIndexOf('/') <= LONGEST_PREFIX, rule);

/**
 * By these labels nodes are told apart, and pods and volumes kept where they belong (kubernetes, NodeRestriction). Of those
 * under node.kubernetes.io/ a kubelet may set all but the instance type itself. The worker's admission policy says the same.
 */
export const isProtected = (key: string): boolean =>
  /^([^/]*\.)?(kubernetes|k8s)\.io\//.test(key) &&
  (!key.startsWith('node.kubernetes.io/') || key === 'node.kubernetes.io/instance-type');

const labels = z
  .record(
    qualifiedName(KEY_RULE).refine(
      (key) => !isProtected(key),
      'labels under kubernetes.io and k8s.io say which node it is, where, and for whom: write a key of your own, or one under node.kubernetes.io/',
    ),
    z.string(VALUE_RULE).regex(new RegExp(`^(${NAME})?$`), VALUE_RULE),
    LABELS_RULE,
  )
  .optional();

const NODE_LABELS_RULE =
  'write labels like { before: { state: rebooting }, after: { state: serving } }';

/** The labels of a pool's nodes around a reboot. */
export const nodeLabels = z
  .strictObject(
    {
      before: labels.describe(
        'Set with the cordon; when the node is handed back without a reboot they are as they were found',
      ),
      after: labels.describe(
        'Set when the node is back from its reboot; what `before` has set besides stays',
      ),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? NODE_LABELS_RULE : undefined) },
  )
  .optional()
  .describe('Labels of a node around its reboot');

const AWAY_RULE = 'write taint keys like example.org/going-away, or example.org/* for all below it';

/** The keys of taints that mean that a node is being taken away or is down. */
export const awayTaints = z
  .array(
    z
      .string(AWAY_RULE)
      .refine(
        (key) => QUALIFIED.test(key.endsWith('/*') ? `${key.slice(0, -1)}any` : key),
        AWAY_RULE,
      ),
    AWAY_RULE,
  )
  .describe(
    'Keys of taints by which others say that a node is being taken away or is down: it counts as out of service and is not begun on; the defaults and their sources: gates.md',
  );

/** The key of the taint that a pool's nodes bear while they wait. */
export const waitingTaint = qualifiedName('write a taint key like example.org/reboot-waits')
  .refine(
    (key) => !key.startsWith('node.kubernetes.io/'),
    'taints under node.kubernetes.io/ are those of Kubernetes itself: write a key of your own',
  )
  .optional()
  .describe(
    'Key of a PreferNoSchedule taint that a node bears while it waits in the queue of its pool',
  );
