import { AsyncLocalStorage } from 'node:async_hooks';

/** What the SDK's workflow code takes from the globals of its sandbox when it is loaded: to be imported before it. */
Object.assign(globalThis, { AsyncLocalStorage });
