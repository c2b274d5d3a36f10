import { DefaultFailureConverter } from '@temporalio/common';

/** Puts message and stack of a failure where they are encrypted; without this they would be clear text. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
