/**
 * What a configuration file must not hold though it is YAML: what the YAML library takes quadratic or exponential time over,
 * or would write out as text.
 *
 * @module
 */

import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  visit,
  type Document,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'

/** A fault, and where it is. */
export interface ShapeFault {
  /** Offset in the text. */
  readonly offset: number
  /** What is wrong. */
  readonly what: string
}

/** Each one is looked for from the beginning of the file. */
const MAX_ALIASES = 100
/** Lists, maps and their entries inside each other; deeper ones would fill the stack. */
const MAX_DEPTH = 100

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0
}

function fault(node: unknown, what: string): ShapeFault {
  return { offset: offsetOf(node), what }
}

function nameOf({ key }: Pair): string {
  return isNode(key) && 'value' in key ? String(key.value) : ''
}

/** The library compares every key with every other. */
function repeatedKey(node: YAMLMap | YAMLSeq): ShapeFault | undefined {
  if (!isMap(node)) return undefined
  const seen = new Set<string>()
  for (const pair of node.items) {
    const name = nameOf(pair)
    if (seen.has(name)) return fault(pair.key, 'Map keys must be unique')
    seen.add(name)
  }
  return undefined
}

/** A list or a map would be written out as text, again at every depth; octets (`!!binary`) too, with a warning that quotes them. */
function oddKey({ key }: Pair): ShapeFault | undefined {
  const holdsMore = isScalar(key) && typeof key.value === 'object' && key.value !== null
  if (holdsMore)
    return fault(key, 'something else than text stands where the name of a field should')
  const odd = isCollection(key) || isAlias(key)
  return odd ? fault(key, 'a list or a map stands where the name of a field should') : undefined
}

/**
 * Looks for the first such thing, in linear time.
 *
 * @param document - A document without syntax errors.
 * @returns What is wrong, or undefined.
 */
export function shapeFault(document: Document.Parsed): ShapeFault | undefined {
  let found: ShapeFault | undefined
  let aliases = 0
  const verdict = (said: ShapeFault | undefined): symbol | undefined => {
    found = said
    return said === undefined ? undefined : visit.BREAK
  }
  visit(document, {
    Pair: (_, pair) => verdict(oddKey(pair)),
    Collection: (_, node, { length }) =>
      verdict(length > MAX_DEPTH ? fault(node, 'nested too deep') : repeatedKey(node)),
    Alias: (_, alias) => {
      aliases += 1
      return verdict(
        aliases > MAX_ALIASES ? fault(alias, `more than ${MAX_ALIASES} aliases`) : undefined,
      )
    },
  })
  return found
}
