/**
 * Names to addresses, as a port: the connector may ask other DNS servers than its host does.
 *
 * @module
 */

/** Finds the addresses of a host, in the order they should be tried; an IP address is its own answer. Rejects when there is none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>
