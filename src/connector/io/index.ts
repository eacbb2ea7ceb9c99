/**
 * The connector's outside: tunnels, files, name servers, and the whole service put together.
 *
 * @module
 */

export { createNameResolver, type NameResolver } from './name-resolver.ts'
