/**
 * One line of a krb5.conf (MIT Kerberos documentation, krb5.conf, "Structure").
 *
 * ```
 * [section]  [section]*        a section; with * final
 * name = value  name* = value  a relation; the value goes to the end of the line, or stands in quotes
 * name = {                     a subsection begins; the brace may stand on the next line
 * }  }*                        it ends
 * include FILE  includedir DIR
 * # or ; at the start          a comment; also after a brace or a closing quote; after another value they belong to it
 * ```
 *
 * @module
 */

/** What a line says. */
export type ConfLine =
  | { readonly kind: 'blank' }
  | { readonly kind: 'brace' }
  | { readonly kind: 'section'; readonly name: string; readonly final: boolean }
  | { readonly kind: 'close'; readonly final: boolean }
  | { readonly kind: 'open' | 'bare'; readonly name: string; readonly final: boolean }
  | {
      readonly kind: 'relation'
      readonly name: string
      readonly final: boolean
      readonly value: string
    }
  | { readonly kind: 'include'; readonly what: 'file' | 'directory'; readonly path: string }
  | { readonly kind: 'fault'; readonly what: string }

const fault = (what: string): ConfLine => ({ kind: 'fault', what })

/** Control characters but tab; NUL would cut names off where C reads them. */
const CONTROL = /[^\P{Cc}\t]/u

/**
 * Reads one line.
 *
 * @param text - The line without its end.
 * @returns What it says, or what is wrong with it.
 */
export function parseConfLine(text: string): ConfLine {
  const line = text.trim()
  if (CONTROL.test(line)) return fault('a control character')
  switch (line.charAt(0)) {
    case '':
    case '#':
    case ';':
      return { kind: 'blank' }
    case '[':
      return sectionLine(line)
    case '{':
      return isComment(line.slice(1)) ? { kind: 'brace' } : fault('text after {')
    case '}':
      return closeLine(line)
    default:
      return includeLine(line) ?? relationLine(line)
  }
}

function sectionLine(line: string): ConfLine {
  const end = line.indexOf(']')
  const name = line.slice(1, end).trim()
  const rest = line.slice(end + 1).trim()
  if (end === -1 || name === '') return fault('a section wants a name in [ and ]')
  if (rest !== '' && rest !== '*') return fault('text after the name of a section')
  return { kind: 'section', name, final: rest === '*' }
}

function closeLine(line: string): ConfLine {
  const rest = line.slice(1).trimStart()
  const final = rest.startsWith('*')
  if (!isComment(final ? rest.slice(1) : rest)) return fault('text after }')
  return { kind: 'close', final }
}

/** MIT's library passes over whatever stands there. */
function isComment(rest: string): boolean {
  return /^\s*(?:[#;]|$)/.test(rest)
}

function includeLine(line: string): ConfLine | undefined {
  const [word = ''] = line.split(/[ \t]/, 1)
  if (word !== 'include' && word !== 'includedir' && word !== 'module') return undefined
  const path = line.slice(word.length).trim()
  // `include = x` is a relation.
  if (path.startsWith('=')) return undefined
  if (word === 'module') return fault('module is not supported')
  if (!path.startsWith('/')) return fault(`${word} wants an absolute path`)
  return { kind: 'include', what: word === 'include' ? 'file' : 'directory', path }
}

function relationLine(line: string): ConfLine {
  const equals = line.indexOf('=')
  if (equals === -1) return fault('neither a section nor name = value')
  const marked = line.slice(0, equals).trim()
  const final = marked.endsWith('*')
  const name = final ? marked.slice(0, -1) : marked
  if (name === '' || /[\s{}"]/.test(name)) return fault('not a name before =')
  const value = line.slice(equals + 1).trim()
  if (value === '{') return { kind: 'open', name, final }
  // The brace must be on the next line.
  if (value === '') return { kind: 'bare', name, final }
  if (!value.startsWith('"')) return { kind: 'relation', name, final, value }
  const unquoted = unquote(value)
  if (unquoted === undefined) return fault('a quoted value wants one closing quote, at the end')
  return { kind: 'relation', name, final, value: unquoted }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b' }

function unquote(quoted: string): string | undefined {
  let text = ''
  for (let at = 1; at < quoted.length; at++) {
    const unit = quoted.charAt(at)
    if (unit === '"') return isComment(quoted.slice(at + 1)) ? text : undefined
    if (unit === '\\') at += 1
    const next = quoted.charAt(at)
    text += unit === '\\' ? (ESCAPES[next] ?? next) : unit
  }
  return undefined
}
