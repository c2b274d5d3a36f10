import { holdInHistories } from './guarantees.ts';

holdInHistories({ runs: 5_000, minutes: 25 });
