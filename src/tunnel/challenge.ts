/**
 * WWW-Authenticate fields: telling challenges apart and taking out those that belong to one connection. RFC 9110
 * section 11.6.1: a field may list several challenges, each a scheme with either a token68 or parameters.
 *
 * @module
 */

/** Schemes that sign a connection in, or that only we may answer. */
const CONNECTION_SCHEMES = new Set(['negotiate', 'ntlm', 'kerberos'])

const SCHEME = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]+(?!=)|$)/

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c

/** Where the element that begins there ends: at a comma outside quoted strings. */
function endOfElement(value: string, start: number): number {
  let quoted = false
  for (let at = start; at < value.length; at += 1) {
    const code = value.charCodeAt(at)
    if (code === QUOTE) quoted = !quoted
    else if (quoted && code === BACKSLASH) at += 1
    else if (!quoted && code === COMMA) return at
  }
  return value.length
}

/** Splits at commas outside quoted strings; RFC 9110 section 5.6.1: empty elements count for nothing. */
function elementsOf(value: string): readonly string[] {
  const elements: string[] = []
  for (let start = 0; start < value.length;) {
    const end = endOfElement(value, start)
    const element = value.slice(start, end).trim()
    if (element !== '') elements.push(element)
    start = end + 1
  }
  return elements
}

/** No parameter has such a name: what begins so is a challenge, even with a '=' behind it. */
const CONNECTION_CHALLENGE = /^(?:negotiate|ntlm|kerberos)(?=\s|$)/i

function isConnectionChallenge(element: string, before: boolean): boolean {
  if (CONNECTION_CHALLENGE.test(element)) return true
  const scheme = SCHEME.exec(element)?.[1]
  // An element that opens no challenge is a parameter of the one before it.
  if (scheme === undefined || /^[^ \t]+[ \t]*=[^=]/.test(element)) return before
  return CONNECTION_SCHEMES.has(scheme.toLowerCase())
}

/**
 * Takes Negotiate, NTLM and Kerberos challenges out of a WWW-Authenticate value.
 *
 * @param value - The field's value.
 * @returns What is left, '' for nothing; the very value when it holds no such challenge.
 */
export function withoutConnectionChallenges(value: string): string {
  if (!/negotiate|ntlm|kerberos/i.test(value)) return value
  const kept: string[] = []
  let dropping = false
  for (const element of elementsOf(value)) {
    dropping = isConnectionChallenge(element, dropping)
    if (!dropping) kept.push(element)
  }
  return kept.join(', ')
}

/** A scheme under which a backend takes Kerberos tickets: RFC 4559's, or Kerberos by its own name, without SPNEGO. */
export type TicketScheme = 'negotiate' | 'kerberos'

const TICKET_CHALLENGE: Readonly<Record<TicketScheme, RegExp>> = {
  negotiate: /^negotiate(?:[ \t]|$)/i,
  kerberos: /^kerberos(?:[ \t]|$)/i,
}

/**
 * The challenge of a WWW-Authenticate value that a ticket answers.
 *
 * @param value - The field's value.
 * @param scheme - Which one.
 * @returns The scheme with its token, if any; undefined when the value has no such challenge.
 */
export function ticketChallenge(value: string, scheme: TicketScheme): string | undefined {
  const pattern = TICKET_CHALLENGE[scheme]
  return elementsOf(value).find((element) => pattern.test(element))
}

/**
 * The schemes that a WWW-Authenticate value offers.
 *
 * @param value - The field's value.
 * @returns Their names in lower case.
 */
export function schemesIn(value: string): readonly string[] {
  const opening = elementsOf(value).filter(
    (element) => CONNECTION_CHALLENGE.test(element) || !/^[^ \t]+[ \t]*=[^=]/.test(element),
  )
  return opening.flatMap((element) => SCHEME.exec(element)?.[1]?.toLowerCase() ?? [])
}

/**
 * Says whether an Authorization value signs a whole connection in.
 *
 * @param value - The field's value.
 * @returns True for Negotiate, NTLM and Kerberos.
 */
export function isConnectionAuthorization(value: string): boolean {
  return CONNECTION_CHALLENGE.test(value.trim())
}
