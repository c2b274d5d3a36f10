import type { TlsFiles } from '../http-schema.ts';

/** A window as it is reckoned with: times of day and durations in milliseconds, days as local midnights. */
export type Window = { readonly timeZone?: string } & (
  | { readonly kind: 'always' }
  | {
      readonly kind: 'days';
      /** 0 for Sunday to 6 for Saturday. */
      readonly days: readonly number[];
      readonly startMs: number;
      /** After start: beyond 24 h it is on the next day. */
      readonly endMs: number;
    }
  | { readonly kind: 'cron'; readonly cron: string; readonly forMs: number }
  | {
      readonly kind: 'rrule';
      readonly rrule: string;
      readonly fromDay: number;
      readonly startMs: number;
      readonly forMs: number;
    }
  | {
      readonly kind: 'dates';
      readonly dates: readonly number[];
      readonly startMs: number;
      readonly forMs: number;
    }
  | { readonly kind: 'calendar'; readonly calendar: string; readonly tls?: TlsFiles }
);
