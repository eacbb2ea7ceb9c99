/**
 * The order in which servers of SRV and URI records are asked (RFC 2782, "Usage rules"; RFC 7553 section 4.2 has the same).
 *
 * @module
 */

import type { Random } from '../../platform/index.ts'

/** One SRV record. */
export interface SrvRecord {
  /** The server's name; `.` says that there is no such service. */
  readonly name: string
  /** Its port. */
  readonly port: number
  /** Lower ones are asked first. */
  readonly priority: number
  /** Share of the requests among those of one priority. */
  readonly weight: number
  /** How long the record may be kept, seconds; absent where the resolver does not say. */
  readonly ttlSeconds?: number | undefined
}

/** One URI record. */
export interface UriRecord {
  /** The URI. */
  readonly target: string
  /** Lower ones are asked first. */
  readonly priority: number
  /** Share of the requests among those of one priority. */
  readonly weight: number
  /** How long the record may be kept, seconds. */
  readonly ttlSeconds?: number | undefined
}

/** What the order goes by. */
type Weighed = Pick<SrvRecord, 'priority' | 'weight'>

const TWO_TO_32 = 0x1_0000_0000

/** A whole number from 0 to `most`, each as likely. */
function draw(random: Random, most: number): number {
  const octets = random.bytes(4)
  const drawn = new DataView(octets.buffer, octets.byteOffset).getUint32(0)
  return Math.floor((drawn / TWO_TO_32) * (most + 1))
}

/** RFC 2782: those of weight 0 first, then the first whose running sum of weights reaches the number drawn. */
function orderByWeight<T extends Weighed>(records: readonly T[], random: Random): readonly T[] {
  const left = records.toSorted((a, b) => Math.sign(a.weight) - Math.sign(b.weight))
  const ordered: T[] = []
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0)
    const drawn = draw(random, total)
    let sum = 0
    const index = left.findIndex(({ weight }) => (sum += weight) >= drawn)
    ordered.push(...left.splice(Math.max(index, 0), 1))
  }
  return ordered
}

/**
 * Orders records by priority, and by chance and weight within one.
 *
 * @param records - All records of a name.
 * @param random - Draws.
 * @returns The same records in the order to ask.
 */
export function orderSrv<T extends Weighed>(records: readonly T[], random: Random): readonly T[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b)
  return priorities.flatMap((priority) =>
    orderByWeight(
      records.filter((record) => record.priority === priority),
      random,
    ),
  )
}
