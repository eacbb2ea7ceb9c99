/**
 * Parses krb5.conf, as MIT Kerberos understands it, strictly: what cannot be understood is refused with its line.
 *
 * Text, not disk: the parser is a generator that yields what is to be included and is resumed with the files.
 *
 * @module
 */

import { withDefaults } from '../../platform/index.ts'
import { parseConfLine, type ConfLine } from './krb5-conf-line.ts'
import { childOf, confError, Krb5Conf, newNode, type ConfNode } from './krb5-conf-tree.ts'

/** A file's name and text. */
export interface ConfSource {
  /** The path, for messages. */
  readonly name: string
  /** The whole text. */
  readonly text: string
}

/** What is to be included. */
export interface ConfInclude {
  /** One file that must exist, or those in a directory whose names fit. */
  readonly what: 'file' | 'directory'
  /** An absolute path. */
  readonly path: string
  /** `file:line` of the directive. */
  readonly at: string
}

/** How much a krb5.conf may hold. */
export interface Krb5ConfLimits {
  /** Longest text of one file, UTF-16 units. Default 1 048 576. */
  readonly maxLength?: number | undefined
  /** Subsections within each other. Default 8. */
  readonly maxNesting?: number | undefined
  /** Files that include each other. Default 8. */
  readonly maxIncludeDepth?: number | undefined
  /** Files in all. Default 256. */
  readonly maxFiles?: number | undefined
}

const DEFAULTS = { maxLength: 1_048_576, maxNesting: 8, maxIncludeDepth: 8, maxFiles: 256 }

/** A parser: yields includes, is resumed with the files (in their order), returns the configuration. */
export type Krb5ConfParser = Generator<ConfInclude, Krb5Conf, readonly ConfSource[]>

interface Parsing {
  readonly root: ConfNode
  readonly limits: typeof DEFAULTS
  files: number
}

/**
 * Parses a krb5.conf.
 *
 * @param source - The first file.
 * @param limits - How much is read at most.
 * @yields What is to be included.
 * @returns The configuration.
 * @throws KerberosError ERR_KRB_CONF that names file and line.
 */
export function* parseKrb5Conf(source: ConfSource, limits: Krb5ConfLimits = {}): Krb5ConfParser {
  const parsing = { root: newNode(), limits: withDefaults(DEFAULTS, limits), files: 0 }
  yield* parseFile(parsing, source, 0)
  return new Krb5Conf(parsing.root)
}

/**
 * Parses the text of a krb5.conf that includes nothing.
 *
 * @param text - The text.
 * @param name - The file's name, for messages. Default `krb5.conf`.
 * @returns The configuration.
 * @throws KerberosError ERR_KRB_CONF that names file and line, also for an include.
 */
export function parseKrb5ConfText(text: string, name: string = 'krb5.conf'): Krb5Conf {
  const step = parseKrb5Conf({ name, text }).next()
  if (step.done === true) return step.value
  throw confError('includes are not read here', step.value.at)
}

function* parseFile(
  parsing: Parsing,
  { name, text }: ConfSource,
  depth: number,
): Generator<ConfInclude, void, readonly ConfSource[]> {
  const { limits } = parsing
  parsing.files += 1
  if (parsing.files > limits.maxFiles) throw confError(`more than ${limits.maxFiles} files`, name)
  if (depth > limits.maxIncludeDepth) throw confError('includes go too deep, or in a circle', name)
  if (text.length > limits.maxLength) {
    throw confError(`the file is longer than ${limits.maxLength}`, name)
  }
  const file = new FileParser(parsing.root, limits.maxNesting)
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (const [index, line] of lines.entries()) {
    if (line === '') continue
    const at = `${name}:${index + 1}`
    const include = file.take(parseConfLine(line), at)
    if (include === undefined) continue
    for (const source of yield { ...include, at }) yield* parseFile(parsing, source, depth + 1)
  }
  file.end(`${name}:${lines.length}`)
}

type Included = Omit<ConfInclude, 'at'>

/** Where a file stands: each file begins outside of all sections. */
class FileParser {
  readonly #root: ConfNode
  readonly #maxNesting: number
  /** The open section and subsections, the innermost last. */
  #open: ConfNode[] = []
  /** A relation without a value: a brace must follow. */
  #wantsBrace: { readonly name: string; readonly final: boolean; readonly at: string } | undefined

  constructor(root: ConfNode, maxNesting: number) {
    this.#root = root
    this.#maxNesting = maxNesting
  }

  take(line: ConfLine, at: string): Included | undefined {
    if (line.kind === 'fault') throw confError(line.what, at)
    if (line.kind === 'blank') return undefined
    if (this.#wantsBrace !== undefined) {
      this.#brace(line, this.#wantsBrace)
      return undefined
    }
    if (line.kind === 'include') {
      if (this.#open.length > 1) throw confError('an include within { and }', at)
      return { what: line.what, path: line.path }
    }
    this.#node(line, at)
    return undefined
  }

  end(at: string): void {
    if (this.#wantsBrace !== undefined) throw noValue(this.#wantsBrace)
    if (this.#open.length > 1) throw confError('a } is missing', at)
  }

  #brace(line: ConfLine, wanted: { name: string; final: boolean; at: string }): void {
    if (line.kind !== 'brace') throw noValue(wanted)
    this.#wantsBrace = undefined
    this.#enter(wanted.name, wanted.final, wanted.at)
  }

  #node(line: Exclude<ConfLine, { kind: 'include' | 'fault' | 'blank' }>, at: string): void {
    switch (line.kind) {
      case 'brace':
        throw confError('a { without a name before it', at)
      case 'section':
        if (this.#open.length > 1) throw confError('a section within { and }', at)
        this.#open = [marked(childOf(this.#root, line.name), line.final)]
        return
      case 'open':
        this.#enter(line.name, line.final, at)
        return
      case 'bare':
        this.#innermost(at)
        this.#wantsBrace = { ...line, at }
        return
      case 'close':
        this.#close(line.final, at)
        return
      case 'relation':
        marked(childOf(this.#innermost(at), line.name), line.final).values.push({
          text: line.value,
          at,
        })
    }
  }

  #innermost(at: string): ConfNode {
    const node = this.#open.at(-1)
    if (node === undefined) throw confError('a relation before the first section', at)
    return node
  }

  #enter(name: string, final: boolean, at: string): void {
    if (this.#open.length > this.#maxNesting) throw confError('too many { within each other', at)
    this.#open.push(marked(childOf(this.#innermost(at), name), final))
  }

  #close(final: boolean, at: string): void {
    if (this.#open.length < 2) throw confError('a } without its {', at)
    const closed = this.#open.pop()
    if (closed !== undefined) marked(closed, final)
  }
}

function marked(node: ConfNode, final: boolean): ConfNode {
  node.final ||= final
  return node
}

function noValue({ name, at }: { name: string; at: string }): Error {
  return confError(`${name} has no value`, at)
}
