/**
 * Response heads wait for the first octets of their body until the event loop's turn ends: most bodies are small and
 * arrive with the head, and one write (and one TLS record) is cheaper than two.
 *
 * @module
 */

/** Something with a head to send. */
export interface Flushable {
  /** Sends the head unless it has gone out with data. */
  flushHead(): void
}

let waiting: Flushable[] = []

function flush(): void {
  const heads = waiting
  waiting = []
  for (const each of heads) each.flushHead()
}

/**
 * Sends a head at the end of this turn of the event loop unless data takes it along before.
 *
 * @param flushable - Whose head.
 */
export function flushLater(flushable: Flushable): void {
  if (waiting.length === 0) setImmediate(flush)
  waiting.push(flushable)
}
