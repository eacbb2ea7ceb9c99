/**
 * Reads a YAML configuration file and checks it against a room's schema.
 *
 * Every fault is reported at once, each with file, line, field and what is expected there.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { isNode, LineCounter, parseDocument, type Document } from 'yaml'
import { z, type core, type ZodType } from 'zod'
import { errorText, holdsCertificate, readFault, SallyportError } from '../platform/index.ts'
import { wrongFile, type FileKind } from './file-kind.ts'
import { nearName } from './near-names.ts'
import { shapeFault } from './yaml-shape.ts'

/** Larger files are refused: no configuration is this long, and YAML is parsed in memory. */
const MAX_FILE_OCTETS = 4 * 1024 * 1024

/** One mistake can make very many faults; nobody reads more. */
const MAX_FAULTS = 100
/** Most unknown fields that one fault names. */
const MAX_NAMES = 20

/** What a file should be. */
export interface Wanted<T> {
  readonly kind: FileKind
  /** Of the room that uses it. */
  readonly schema: ZodType<T>
}

/**
 * The error for a file that cannot be read.
 *
 * @param path - The file.
 * @param what - What the file is, for the message.
 * @param cause - What the file system said.
 * @returns ERR_CLI_FILE, with the reason in words.
 */
export function unreadable(path: string, what: string, cause: unknown): SallyportError {
  const text = `cannot read the ${what} ${path}: ${readFault(cause)}`
  return new SallyportError('ERR_CLI_FILE', text, {
    cause,
    mend: `Check the path and that the service's user may read it: ls -l ${path}`,
  })
}

/**
 * Refuses a file of authorities that is empty or was written half: nobody, or the wrong ones, would be trusted.
 *
 * @param pem - What it holds; undefined where none is named.
 * @param what - The field that names it.
 * @throws SallyportError ERR_CLI_FILE when it does not begin with a certificate.
 */
export function requireAuthority(pem: string | undefined, what: string): void {
  if (pem === undefined || holdsCertificate(pem)) return
  throw new SallyportError('ERR_CLI_FILE', `the file of ${what} holds no whole certificate`, {
    mend: 'Write the PEM of the authority’s certificate into it.',
  })
}

/**
 * Reads a file whole, with a clear error.
 *
 * @param path - The file.
 * @param what - What the file is, for the message, e.g. `configuration file`.
 * @returns Its octets.
 * @throws SallyportError ERR_CLI_FILE when it cannot be read or is larger than 4 MiB.
 */
export function readFileOctets(path: string, what: string): Buffer {
  let octets: Buffer
  try {
    octets = readFileSync(path)
  } catch (error) {
    throw unreadable(path, what, error)
  }
  if (octets.length > MAX_FILE_OCTETS) {
    throw new SallyportError('ERR_CLI_FILE', `the ${what} ${path} is larger than 4 MiB`)
  }
  return octets
}

/**
 * Reads and checks a YAML file.
 *
 * @param path - The file.
 * @param wanted - What it should be.
 * @returns What the schema made of it, defaults filled in.
 * @throws SallyportError ERR_CLI_FILE or ERR_CLI_CONFIG; the message lists every fault by line and field, or says that it is another file.
 */
export function readConfigFile<T>(path: string, wanted: Wanted<T>): T {
  return checkConfigText(path, readFileOctets(path, 'configuration file').toString('utf8'), wanted)
}

/**
 * Checks the text of a YAML file.
 *
 * @param path - The name to use in messages.
 * @param text - The YAML.
 * @param wanted - What it should be.
 * @returns What the schema made of it, defaults filled in.
 * @throws SallyportError ERR_CLI_CONFIG; the message lists every fault by line and field, or says that it is another file.
 */
export function checkConfigText<T>(path: string, text: string, wanted: Wanted<T>): T {
  const lines = new LineCounter()
  // Keys that are not unique are found in linear time afterwards.
  // The library's own warnings quote the file to standard error.
  const options = {
    ...{ lineCounter: lines, prettyErrors: false, uniqueKeys: false },
    logLevel: 'error',
  } as const
  const document = parseDocument(text, options)
  const at = (offset: number): string => place(path, lines, offset)
  if (document.errors.length > 0) {
    throw configError(document.errors, (error) => `${at(error.pos[0])}: ${error.message}`)
  }
  const odd = shapeFault(document)
  if (odd !== undefined) throw configError([odd], ({ offset, what }) => `${at(offset)}: ${what}`)
  const value = plainValue(path, document)
  const result = wanted.schema.safeParse(value, { error: unknownFields, reportInput: true })
  if (result.success) return result.data
  const other = wrongFile(path, Object.keys(Object(value) as object), wanted.kind)
  if (other !== undefined) throw other
  throw configError(result.error.issues, (issue) => {
    const where = at(offsetOf(document, placeOf(issue)))
    return `${where}: ${fieldName(issue.path)}: ${describeIssue(issue)}`
  })
}

function plainValue(path: string, document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw configError([error], (cause) => `${path}:1:1: ${errorText(cause)}`)
  }
}

function configError<T>(faults: readonly T[], tell: (fault: T) => string): SallyportError {
  const told = faults.slice(0, MAX_FAULTS).map(tell)
  const more = faults.length - told.length
  if (more > 0) told.push(`and ${more} more`)
  return new SallyportError('ERR_CLI_CONFIG', told.join('\n'), {
    mend: 'Correct the fields named above; README.md shows complete examples.',
  })
}

function place(path: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${path}:${Math.max(line, 1)}:${Math.max(col, 1)}`
}

/** The offset of the deepest node on the path that is really in the file. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node: unknown = document.getIn(path.slice(0, depth), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

/** An unknown field is shown itself, and not what it is in. */
function placeOf(issue: core.$ZodIssue): readonly PropertyKey[] {
  if (issue.code !== 'unrecognized_keys') return issue.path
  return [...issue.path, ...issue.keys.slice(0, 1)]
}

function fieldName(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the file'
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .slice(typeof path[0] === 'number' ? 0 : 1)
}

function describeIssue(issue: core.$ZodIssue): string {
  if (issue.code !== 'invalid_type') return issue.message
  // `field:` with nothing behind it is null.
  const missing = issue.input === undefined || issue.input === null
  if (missing) return `missing; expected ${issue.expected}`
  return issue.message.replace(/^Invalid input: /, '')
}

/** Zod tells this of no other fault. */
const unknownFields: core.$ZodErrorMap = (issue) => {
  if (issue.code !== 'unrecognized_keys') return undefined
  const meant = knownFields(issue.inst).filter((known) =>
    issue.keys.some((key) => nearName(key.toLowerCase(), known.toLowerCase())),
  )
  const hint = meant.length === 0 ? '' : `; did you mean ${listed(meant)}?`
  return `unknown field ${listed(issue.keys)}${hint}`
}

function knownFields(schema: unknown): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMES
  return names.slice(0, MAX_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
