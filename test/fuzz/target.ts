/** What is fuzzed: one decoder with its seeds and what must hold for whatever it accepts. */

import { SallyportError } from '../../src/platform/index.ts'

/** Looks further into what was accepted: the fault, or undefined. */
export type Verify = () => string | undefined

/** Inputs of any length that look alike. */
export interface Shape {
  readonly name: string
  /** About so many octets. */
  readonly make: (octets: number) => Uint8Array
}

/** One decoder. */
export interface Target {
  /** `room/what`. */
  readonly name: string
  /** `der`: elements are cut, doubled and nested as a whole too. */
  readonly kind: 'der' | 'octets' | 'text'
  readonly seeds: readonly Uint8Array[]
  /** Words that mutations put in. */
  readonly words: readonly Uint8Array[]
  /** Longest input, octets. */
  readonly maxOctets: number
  /** Every proper prefix of a seed must be refused. */
  readonly refusesPrefixes: boolean
  /** More CPU for one input is a finding, milliseconds. */
  readonly maxCpuMs: number
  /** Runs in the part that belongs to every test run. */
  readonly shortRuns: number
  /** Inputs to see how time grows with length, besides what is made of seeds and words. */
  readonly shapes: readonly Shape[]
  /** Decodes; only this is timed. */
  readonly decode: (input: Uint8Array) => Verify
  /** Whether an error is the room's own answer to bad input. */
  readonly isRefusal: (error: unknown) => boolean
}

/** What a target may leave to the defaults. */
type Optional = Partial<
  Pick<Target, 'maxOctets' | 'maxCpuMs' | 'refusesPrefixes' | 'shortRuns' | 'shapes' | 'isRefusal'>
> & { readonly words?: readonly (string | Uint8Array)[] }

/** A decoder of octets. */
export interface OctetDecoder<T> extends Optional {
  readonly name: string
  readonly seeds: readonly Uint8Array[]
  readonly decode: (input: Uint8Array) => T
  /** With it, decode(encode(decode(x))) must equal decode(x). */
  readonly encode?: (value: T) => Uint8Array
  /** What else must hold: the fault, or undefined. */
  readonly check?: (value: T, input: Uint8Array) => string | undefined
}

/** A decoder of text. */
export interface TextDecoder<T> extends Optional {
  readonly name: string
  readonly seeds: readonly string[]
  readonly decode: (input: string) => T
  readonly encode?: (value: T) => string
  readonly check?: (value: T, input: string) => string | undefined
  /** How octets become text: latin1 as in HTTP fields, or UTF-8. Default UTF-8. */
  readonly encoding?: 'latin1' | 'utf8'
}

const DEFAULT_MAX_OCTETS = 65_536
const DEFAULT_MAX_CPU_MS = 10
const DEFAULT_SHORT_RUNS = 1000

const isOwnError = (error: unknown): boolean => error instanceof SallyportError

/** A target of binary octets. */
export function octetTarget<T>(parts: OctetDecoder<T>, kind: 'der' | 'octets' = 'octets'): Target {
  const { decode, encode, check } = parts
  return {
    name: parts.name,
    kind,
    seeds: parts.seeds,
    words: (parts.words ?? []).map((word) => Buffer.from(word)),
    maxOctets: parts.maxOctets ?? DEFAULT_MAX_OCTETS,
    maxCpuMs: parts.maxCpuMs ?? DEFAULT_MAX_CPU_MS,
    refusesPrefixes: parts.refusesPrefixes ?? false,
    shortRuns: parts.shortRuns ?? DEFAULT_SHORT_RUNS,
    shapes: parts.shapes ?? [],
    isRefusal: parts.isRefusal ?? isOwnError,
    decode: (input) => {
      const value = decode(input)
      return () => {
        if (encode && !sameValue(decode(encode(value)), value)) {
          return 'decode(encode(decode(x))) is not decode(x)'
        }
        return check?.(value, input)
      }
    },
  }
}

/** A target of DER or BER. Prefixes are refused unless it says otherwise. */
export function derTarget<T>(parts: OctetDecoder<T>): Target {
  return octetTarget({ refusesPrefixes: true, ...parts }, 'der')
}

/** A target of text. */
export function textTarget<T>(parts: TextDecoder<T>): Target {
  const { name, seeds, decode, encode, check, encoding = 'utf8', ...rest } = parts
  const textOf = (octets: Uint8Array): string =>
    Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString(encoding)
  const target = octetTarget({
    ...rest,
    name,
    seeds: seeds.map((text) => Buffer.from(text, encoding)),
    decode: (input) => decode(textOf(input)),
    check: (value, input) => {
      // Lone surrogates do not survive octets, so text is compared as text.
      if (encode && !sameValue(decode(encode(value)), value)) {
        return 'decode(encode(decode(x))) is not decode(x)'
      }
      return check?.(value, textOf(input))
    },
  })
  return { ...target, kind: 'text' }
}

function sameObject(a: object, b: object): boolean {
  const left = a as Readonly<Record<string, unknown>>
  const right = b as Readonly<Record<string, unknown>>
  const names = new Set([...Object.keys(left), ...Object.keys(right)])
  for (const name of names) if (!sameValue(left[name], right[name])) return false
  return true
}

/** Whether two values say the same; octets by content, an absent field like one that is undefined. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    return a.every((value, index) => sameValue(value, b[index]))
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  return sameObject(a, b)
}
