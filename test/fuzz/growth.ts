/**
 * How the time that a decoder takes grows with its input: inputs of one shape in two sizes, sixteen times as long the
 * second time. What looks at every octet once takes sixteen times as long, what looks at every pair 256 times.
 *
 * No time is asserted, only how two of them compare, and only where the longer one can be measured at all: work that is done
 * for every pair of 32 KiB cannot be hidden below a few milliseconds.
 */

import { cpuMs, decodeOnceMs } from './cpu-time.ts'
import type { Shape, Target } from './target.ts'
import { openingsOf } from './tree.ts'

/** A shape over which a decoder takes too much longer when it is longer. */
export interface Steep {
  readonly shape: string
  readonly octets: number
  /** Milliseconds for the long input, and how many times as many as for the short one. */
  readonly ms: number
  readonly times: number
}

/** The longer inputs, octets, where the target takes such. */
const LONG_OCTETS = 32_768
const FACTOR = 16
/** Between 16 and 256, with room for caches that are too small and for the garbage collector. */
const STEEP_TIMES = 64
/** Shorter ones say nothing: the clock, the compiler and the collector are in them. */
const WORTH_COMPARING_MS = 4
/** A busy machine makes measurements longer, never shorter. */
const TRIES = 4
const TICKS_MS = 40

const UNITS = [
  ...[';', ',', '=', ' ', '"', '\\', '\\"', '"\\', '(', '[', '{', '<', '>', ')', ']', '}'],
  ...['/', '.', '-', ':', '@', '%', '%2f', "'", '|', '&', '*', '#', '?', '+', '_', '~', '$', '\0'],
  ...['a', '0', '\n', '\t', '\r\n', '\u00a0', '\u00e9', '; ', ', ', 'a,', 'a;', 'a=', ',<a'],
].map((text) => Buffer.from(text, 'latin1'))
/** What a string or a number in DER is filled with. */
const FILLINGS = [0x00, 0x20, 0x22, 0x2e, 0x30, 0x40, 0x5c, 0x61, 0x80, 0xff].map((octet) =>
  Buffer.from([octet]),
)
const LAST = Buffer.from('x')
const MAX_WORD = 400
const SEEDS = 2

function repeated(unit: Uint8Array, octets: number): Buffer {
  const times = Math.max(1, Math.floor(octets / unit.length))
  return Buffer.alloc(unit.length * times, unit)
}

function shown(octets: Uint8Array): string {
  return JSON.stringify(Buffer.from(octets).toString('latin1').slice(0, 40))
}

/** A unit again and again, between the two halves of a seed. */
function between(before: Uint8Array, unit: Uint8Array, behind: Uint8Array): Shape {
  const own = before.length + behind.length
  return {
    name: `${shown(before.subarray(-12))} ${shown(unit)}… ${shown(behind.subarray(0, 12))}`,
    make: (octets) =>
      Buffer.concat([before, repeated(unit, Math.max(unit.length, octets - own)), behind]),
  }
}

const NOTHING = new Uint8Array(0)

/** Where a seed is cut: its ends, its middle, and behind every character that often ends something. */
function cutsOf(seed: Uint8Array, most: number): number[] {
  const ends = [...seed.entries()].filter(([, octet]) =>
    '=" ;,:/.'.includes(String.fromCharCode(octet)),
  )
  const all = [seed.length, 0, seed.length >> 1, ...ends.map(([at]) => at + 1)]
  return [...new Set(all)].slice(0, most)
}

function textShapes({ seeds, words }: Target, most: number): Shape[] {
  const own = words.filter(({ length }) => length > 0 && length < MAX_WORD)
  const units = [...UNITS, ...own.map((word) => Buffer.from(word))]
  const short = seeds.filter(({ length }) => length < 2048).slice(0, SEEDS)
  return units.flatMap((unit) => [
    between(NOTHING, unit, NOTHING),
    ...short.flatMap((seed) =>
      cutsOf(seed, most).map((at) => between(seed.subarray(0, at), unit, seed.subarray(at))),
    ),
  ])
}

/** Elements filled with one octet, with themselves many times, and with a row of small ones. */
function derShapes({ seeds }: Target, most: number): Shape[] {
  const openings = seeds
    .slice(0, SEEDS)
    .flatMap((seed) => openingsOf(Buffer.from(seed)).slice(0, most))
  return openings.flatMap(({ tag, content, put }, index) => {
    const where = `element ${index} (0x${tag.toString(16)})`
    const fillings = content.length > 0 ? [...FILLINGS, content] : FILLINGS
    // What ends otherwise than it began makes a pattern give up late.
    return fillings.map((unit) => ({
      name: `${where} of ${shown(unit)}…`,
      make: (octets: number) => put(Buffer.concat([repeated(unit, octets), LAST])),
    }))
  })
}

function nesting(): Shape[] {
  return [0x30, 0xa0, 0x24].map((tag) => ({
    name: `0x${tag.toString(16)} in itself`,
    make: (octets: number) => Buffer.alloc(octets & ~1, Buffer.from([tag, 0x80])),
  }))
}

/**
 * The shapes that a target is tried with.
 *
 * @param target - What is tried.
 * @param most - Places of a seed at which something is put in.
 * @returns Its own shapes first.
 */
export function shapesOf(target: Target, most: number): readonly Shape[] {
  const der = target.kind === 'der' ? [...derShapes(target, most * 4), ...nesting()] : []
  return [...target.shapes, ...der, ...textShapes(target, target.kind === 'text' ? most : 1)]
}

/** The least of some measurements: of many where one takes no longer than the system's own clock ticks. */
function leastMs(target: Target, input: Uint8Array, aboutMs: number): number {
  const times = Math.max(1, Math.min(8, Math.ceil(TICKS_MS / aboutMs)))
  return cpuMs(target, input, { times, slowMs: WORTH_COMPARING_MS / 2 })
}

/**
 * Looks whether a decoder takes more for longer inputs than their length explains.
 *
 * @param target - The decoder.
 * @param shape - Of its inputs.
 * @returns What was measured, or undefined where it is not steep.
 */
export function steepness(target: Target, { name, make }: Shape): Steep | undefined {
  const octets = Math.min(LONG_OCTETS, target.maxOctets)
  const long = make(octets)
  let ms = decodeOnceMs(target, long)
  if (ms < WORTH_COMPARING_MS) return undefined
  const short = make(octets / FACTOR)
  let shortMs = decodeOnceMs(target, short)
  for (let left = TRIES; left > 0; left -= 1) {
    shortMs = Math.min(shortMs, leastMs(target, short, shortMs))
    ms = Math.min(ms, leastMs(target, long, ms))
    if (ms < WORTH_COMPARING_MS || (left < TRIES && ms <= shortMs * STEEP_TIMES)) return undefined
  }
  return { shape: name, octets: long.length, ms, times: ms / shortMs }
}

/**
 * Tries a decoder with every shape, until one is steep.
 *
 * @param target - The decoder.
 * @param most - Places of a seed at which something is put in.
 * @param onShape - Told of every shape before it is tried.
 * @returns The first steep shape.
 */
export function findSteep(
  target: Target,
  most: number,
  onShape?: (shape: Shape) => void,
): Steep | undefined {
  for (const shape of shapesOf(target, most)) {
    onShape?.(shape)
    const steep = steepness(target, shape)
    if (steep) return steep
  }
  return undefined
}
