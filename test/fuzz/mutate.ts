/** Mutations of octets: flips, cuts, insertions, splices, length fields, repetitions, nesting. */

import { pick, type Below } from './random.ts'
import type { Target } from './target.ts'
import { mutateTree } from './tree.ts'

/** What a mutation works with. */
interface Context {
  readonly below: Below
  readonly target: Target
  /** Another input, to take parts from. */
  readonly donor: Buffer
}

type Mutation = (input: Buffer, context: Context) => Buffer

const ODD_OCTETS = [0, 1, 0x20, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xfe, 0xff]
const ODD_NUMBERS = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
  0xffffffff,
]
/** A blow-up to the full size costs a thousand times what other mutations do, so that it is rare. */
const BIG_ONE_IN = 40
const SMALL_OCTETS = 1500

function stretch(input: Buffer, below: Below): { from: number; to: number } {
  const from = below(input.length + 1)
  const most = below(4) === 0 ? input.length - from : Math.min(16, input.length - from)
  return { from, to: from + below(most + 1) }
}

function replaced(input: Buffer, { from, to }: { from: number; to: number }, by: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, from), by, input.subarray(to)])
}

function inserted(input: Buffer, at: number, octets: Buffer): Buffer {
  return replaced(input, { from: at, to: at }, octets)
}

function room(input: Buffer, { below, target }: Context): number {
  const most = below(BIG_ONE_IN) === 0 ? target.maxOctets : SMALL_OCTETS
  return Math.max(0, most - input.length)
}

function copied(unit: Buffer, times: number): Buffer {
  return Buffer.alloc(unit.length * times, unit)
}

const flip: Mutation = (input, { below }) => {
  const changed = Buffer.from(input)
  for (let left = 1 + below(3); left > 0 && changed.length > 0; left -= 1) {
    const at = below(changed.length)
    changed[at] = (changed[at] ?? 0) ^ (1 << below(8))
  }
  return changed
}

const overwrite: Mutation = (input, { below }) => {
  const changed = Buffer.from(input)
  if (changed.length > 0) {
    changed[below(changed.length)] = below(2) === 0 ? below(256) : pick(below, ODD_OCTETS)
  }
  return changed
}

const truncate: Mutation = (input, { below }) => input.subarray(0, below(input.length + 1))

const cut: Mutation = (input, { below }) => replaced(input, stretch(input, below), Buffer.alloc(0))

const insertNoise: Mutation = (input, { below }) => {
  const noise = Buffer.from(Array.from({ length: 1 + below(12) }, () => below(256)))
  return inserted(input, below(input.length + 1), noise)
}

const insertWord: Mutation = (input, context) => {
  const { below, target } = context
  if (target.words.length === 0) return insertNoise(input, context)
  const word = Buffer.from(pick(below, target.words))
  if (below(3) === 0) return replaced(input, stretch(input, below), word)
  return inserted(input, below(input.length + 1), word)
}

const copyStretch: Mutation = (input, { below }) => {
  const { from, to } = stretch(input, below)
  return inserted(input, below(input.length + 1), input.subarray(from, to))
}

const splice: Mutation = (input, { below, donor }) => {
  const { from, to } = stretch(donor, below)
  if (below(2) === 0) {
    return Buffer.concat([input.subarray(0, below(input.length + 1)), donor.subarray(from)])
  }
  return replaced(input, stretch(input, below), donor.subarray(from, to))
}

/** Writes a number where a length might be: odd ones, and ones near what is there. */
const editNumber: Mutation = (input, { below }) => {
  const size = pick(below, [1, 2, 3, 4])
  if (input.length < size) return input
  const changed = Buffer.from(input)
  const at = below(changed.length - size + 1)
  const little = below(2) === 0
  const before = little ? changed.readUIntLE(at, size) : changed.readUIntBE(at, size)
  const wanted = below(2) === 0 ? before + below(9) - 4 : pick(below, ODD_NUMBERS)
  const limit = 2 ** (size * 8)
  const value = ((wanted % limit) + limit) % limit
  if (little) changed.writeUIntLE(value, at, size)
  else changed.writeUIntBE(value, at, size)
  return changed
}

/** The same few octets again and again, as far as there is room. */
const repeat: Mutation = (input, context) => {
  const { below, target } = context
  const { from, to } = stretch(input, below)
  const known = target.words.length > 0 && below(2) === 0
  const unit = known ? Buffer.from(pick(below, target.words)) : input.subarray(from, to)
  if (unit.length === 0) return input
  const times = Math.floor(room(input, context) / unit.length)
  return inserted(input, to, copied(unit, below(times + 1)))
}

/** Two words in turn, again and again: what makes a pattern try every split. */
const alternate: Mutation = (input, context) => {
  const { below, target } = context
  if (target.words.length < 2) return repeat(input, context)
  const unit = Buffer.concat([pick(below, target.words), pick(below, target.words)])
  const times = Math.floor(room(input, context) / Math.max(1, unit.length))
  return inserted(input, below(input.length + 1), copied(unit, below(times + 1)))
}

/** A beginning many times before it, an end many times behind it. */
const wrap: Mutation = (input, context) => {
  const { below } = context
  const [head, tail] = [1 + below(8), 1 + below(8)]
  if (head + tail > input.length) return input
  const times = below(Math.floor(room(input, context) / (head + tail)) + 1)
  const open = copied(input.subarray(0, head), times)
  const close = copied(input.subarray(input.length - tail), times)
  return Buffer.concat([open, input, close])
}

const MUTATIONS: readonly Mutation[] = [
  ...[flip, flip, overwrite, overwrite, truncate, cut, cut, insertNoise, insertWord, insertWord],
  ...[copyStretch, splice, splice, editNumber, editNumber, repeat, alternate, wrap],
]

/**
 * A new input.
 *
 * @param input - What it is made from.
 * @param context - Chance, the target, another input.
 * @returns At most the target's maxOctets.
 */
export function mutate(input: Uint8Array, context: Context): Buffer {
  const { below, target, donor } = context
  let changed = Buffer.from(input.buffer, input.byteOffset, input.length)
  if (target.kind === 'der' && below(2) === 0) {
    changed = mutateTree(changed, below, donor)
    if (below(3) > 0) return changed.subarray(0, target.maxOctets)
  }
  for (let left = 1 + below(4); left > 0; left -= 1) {
    changed = pick(below, MUTATIONS)(changed, context)
  }
  return changed.subarray(0, target.maxOctets)
}
