/**
 * Search filters with a place for a claim's value, `(employeeID={claim})`: parsed once (RFC 4515), filled in often.
 *
 * What the value is can never change what the filter asks: it is escaped, and a template in which another value than the
 * whole claim could be found, or an account could be found whatever the claim says, is refused when it is parsed.
 *
 * @module
 */

import { foldName, sameName } from '../platform/index.ts'
import { escapeFilterValue } from './filter-text.ts'

/** Where the value goes. */
const CLAIM_PLACE = '{claim}'

/** Longest template, characters. */
const MAX_TEMPLATE_LENGTH = 2048
/** Deepest nesting of `&`, `|` and `!`. */
const MAX_DEPTH = 16

/** RFC 4512 section 2.5: a name or an object identifier; options (`;binary`) are of no use here. */
const ITEM =
  // eslint-disable-next-line no-control-regex -- NUL must be escaped
  /^([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?::(\d+(?:\.\d+)+):)?(=|~=|>=|<=)((?:[^()\\\u0000]|\\[0-9A-Fa-f]{2})*)/

/** `prefix{claim}suffix` as the value of an attribute. */
interface ClaimItem {
  readonly kind: 'claim'
  readonly attribute: string
  readonly prefix: string
  readonly suffix: string
}
/** An item without the claim, as written. */
interface FixedItem {
  readonly kind: 'fixed'
  readonly text: string
}
interface Group {
  readonly kind: '&' | '|' | '!'
  readonly parts: readonly FilterNode[]
}
type FilterNode = ClaimItem | FixedItem | Group

/** A template that is no good: what is wrong with it, for whoever wrote it. */
export class FilterTemplateFault extends RangeError {}

/** Reads the values of an attribute of an answer. */
export type ReadValues = (attribute: string) => readonly string[]

/** How a template is compared with what the server found. */
export interface TemplateRules {
  /** Letter case counts. Default false, as Active Directory compares. */
  readonly caseSensitive?: boolean
  /** Besides the filter: an attribute that must be equal to the claim. */
  readonly attribute?: string
}

/** A parsed template. */
export class FilterTemplate {
  /** As written. */
  readonly source: string
  /** Attributes that the claim is compared with: to be read with the answer. */
  readonly attributes: readonly string[]
  readonly #root: FilterNode
  readonly #sensitive: boolean
  readonly #attribute: string | undefined

  /**
   * Parses a template.
   *
   * @param source - An RFC 4515 filter with `{claim}` in the value of at least one equality.
   * @param rules - How its answers are compared.
   * @throws FilterTemplateFault when it is no filter, or does not depend on the claim.
   */
  constructor(source: string, rules: TemplateRules = {}) {
    this.source = source
    this.#root = parse(source)
    if (!dependsOnClaim(this.#root)) {
      throw new FilterTemplateFault(
        `every way to match must ask for ${CLAIM_PLACE}: else an account would be found whatever the claim says`,
      )
    }
    this.#sensitive = rules.caseSensitive ?? false
    this.#attribute = rules.attribute
    const compared = [...attributesOf(this.#root), ...(rules.attribute ? [rules.attribute] : [])]
    this.attributes = [...new Set(compared)]
  }

  /** What tells this template from another: two of one identity find the same accounts. */
  get identity(): string {
    return `${this.source}\n${this.#attribute ?? ''}\n${this.#sensitive ? 'case' : ''}`
  }

  /** The value, as far as it counts. */
  fold(value: string): string {
    return this.#sensitive ? value : foldName(value)
  }

  /**
   * Fills the value in.
   *
   * @param value - Any text.
   * @returns An RFC 4515 filter of the template's own structure.
   */
  fill(value: string): string {
    return write(this.#root, escapeFilterValue(value))
  }

  /**
   * Whether an answer is really one: servers compare more loosely than was said.
   *
   * @param value - What was filled in.
   * @param read - The answer's attributes.
   * @returns True when the compared attributes hold the value.
   */
  matches(value: string, read: ReadValues): boolean {
    const equal = this.#sensitive ? (a: string, b: string) => a === b : sameName
    const holds = (attribute: string, wanted: string): boolean =>
      read(attribute).some((each) => equal(each, wanted))
    const test = (node: FilterNode): boolean => {
      if (node.kind === 'claim') return holds(node.attribute, node.prefix + value + node.suffix)
      if (node.kind === '|') return node.parts.some(test)
      if (node.kind === '&') return node.parts.every(test)
      // What does not ask for the claim is the server's to judge.
      return true
    }
    return test(this.#root) && (this.#attribute === undefined || holds(this.#attribute, value))
  }
}

function parse(source: string): FilterNode {
  if (source.length > MAX_TEMPLATE_LENGTH) {
    throw new FilterTemplateFault(`longer than ${MAX_TEMPLATE_LENGTH} characters`)
  }
  const { node, end } = parseFilter(source, 0, 0)
  if (end !== source.length) throw fault(source, end, 'something follows the filter')
  return node
}

interface Parsed {
  readonly node: FilterNode
  /** Offset after it. */
  readonly end: number
}

function fault(source: string, at: number, why: string): FilterTemplateFault {
  const near = source.slice(at, at + 20)
  return new FilterTemplateFault(`${why}, at character ${at + 1}${near === '' ? '' : `: ${near}`}`)
}

function parseFilter(source: string, at: number, depth: number): Parsed {
  if (depth > MAX_DEPTH) throw fault(source, at, `nested deeper than ${MAX_DEPTH}`)
  if (source[at] !== '(') throw fault(source, at, "expected '('")
  const { node, end } = parseContent(source, at + 1, depth)
  if (source[end] !== ')') throw fault(source, end, "expected ')'")
  return { node, end: end + 1 }
}

function parseContent(source: string, at: number, depth: number): Parsed {
  const kind = source[at]
  if (kind !== '&' && kind !== '|' && kind !== '!') return parseItem(source, at)
  const parts: FilterNode[] = []
  let end = at + 1
  while (source[end] === '(' && !(kind === '!' && parts.length === 1)) {
    const part = parseFilter(source, end, depth + 1)
    parts.push(part.node)
    end = part.end
  }
  if (parts.length === 0) throw fault(source, end, `'${kind}' needs a filter`)
  if (kind === '!' && parts.some((part) => attributesOf(part).length > 0)) {
    throw fault(source, at, `${CLAIM_PLACE} cannot stand under '!'`)
  }
  return { node: { kind, parts }, end }
}

function parseItem(source: string, at: number): Parsed {
  const match = ITEM.exec(source.slice(at))
  if (!match) throw fault(source, at, 'expected attribute=value')
  const [text, attribute = '', rule, operator, value = ''] = match
  const end = at + text.length
  const places = value.split(CLAIM_PLACE).length - 1
  if (/[{}]/.test(value.replace(CLAIM_PLACE, ''))) {
    throw fault(source, at, `'{' and '}' stand for nothing but ${CLAIM_PLACE}, once in a value`)
  }
  if (places === 0) {
    // Written anew, for escaped octets beyond ASCII: some clients take each for a character.
    const plain = value.split('*').map((part) => escapeFilterValue(unescape(part, source)))
    const head = text.slice(0, text.length - value.length)
    return { node: { kind: 'fixed', text: head + plain.join('*') }, end }
  }
  if (rule !== undefined || operator !== '=' || value.includes('*')) {
    throw fault(source, at, `${CLAIM_PLACE} goes with '=' alone, without a rule and without '*'`)
  }
  const [prefix = '', suffix = ''] = value.split(CLAIM_PLACE).map((part) => unescape(part, source))
  return { node: { kind: 'claim', attribute, prefix, suffix }, end }
}

/** Escaped octets as text. RFC 4515 section 3: they are UTF-8. */
function unescape(value: string, source: string): string {
  const octets = Buffer.concat(
    value.split(/(\\[0-9A-Fa-f]{2})/).map((part) => {
      return part.startsWith('\\') ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part, 'utf8')
    }),
  )
  const text = octets.toString('utf8')
  if (text.includes('\ufffd')) throw fault(source, 0, 'a value is not UTF-8')
  return text
}

/** True when nothing can match without holding the claim. */
function dependsOnClaim(node: FilterNode): boolean {
  switch (node.kind) {
    case 'claim':
      return true
    case '&':
      return node.parts.some(dependsOnClaim)
    case '|':
      return node.parts.every(dependsOnClaim)
    case 'fixed':
    case '!':
      return false
  }
}

function attributesOf(node: FilterNode): readonly string[] {
  if (node.kind === 'claim') return [node.attribute]
  return node.kind === 'fixed' ? [] : node.parts.flatMap(attributesOf)
}

function write(node: FilterNode, value: string): string {
  if (node.kind === 'fixed') return `(${node.text})`
  if (node.kind !== 'claim')
    return `(${node.kind}${node.parts.map((p) => write(p, value)).join('')})`
  const { attribute, prefix, suffix } = node
  return `(${attribute}=${escapeFilterValue(prefix)}${value}${escapeFilterValue(suffix)})`
}
