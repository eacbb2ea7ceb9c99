/**
 * The outside of the SSO pipeline: backends by undici, the issuers' keys.
 *
 * @module
 */

export { openSocket, type OpenSocket } from './connect.ts'
export { createBackendPool, type BackendPoolOptions } from './backend-pool.ts'
export { createKeySource, readKeySet, type KeySourceOptions } from './jwks.ts'
export { resolveBackendLimits, type BackendLimits } from './limits.ts'
export type { Resolve } from './resolve.ts'
