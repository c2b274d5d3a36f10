/** Takes one finished line of progress for people; the lab and the tests print it to stderr. */
export type ProgressSink = (line: string) => void;

/** Absolute paths of the programs one lab cluster is made of. */
export interface Tools {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubeScheduler: string;
  readonly kwok: string;
  readonly temporal: string;
  readonly temporalTestServer: string;
}
