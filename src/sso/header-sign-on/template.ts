/**
 * Templates of header fields: text with the claims of a verified ID token, and attributes of the account that it leads to.
 *
 *     {upn}   {groups}   {upn|localPart}   {account.sAMAccountName|lower}   {department?}
 *
 * `?` says that the claim may be absent: the field is then left out. Braces are written twice. Pure: values in, text out.
 *
 * @module
 */

import type { DirectoryAccount } from '../../directory/index.ts'

/** What a template may be filled with. */
export interface TemplateValues {
  readonly claims: Readonly<Record<string, unknown>>
  readonly account: DirectoryAccount | undefined
}

const ACCOUNT = {
  sAMAccountName: (account: DirectoryAccount) => account.sAMAccountName,
  userPrincipalName: (account: DirectoryAccount) => account.userPrincipalName,
  sid: (account: DirectoryAccount) => account.sid,
  realm: (account: DirectoryAccount) => account.realm,
  distinguishedName: (account: DirectoryAccount) => account.distinguishedName,
} as const

const TRANSFORMS = {
  lower: (value: string) => value.toLowerCase(),
  upper: (value: string) => value.toUpperCase(),
  /** Of `alice@corp.example`: `alice`. */
  localPart: (value: string) =>
    value.includes('@') ? value.slice(0, value.lastIndexOf('@')) : value,
} as const

/** One part of a template. */
interface Part {
  readonly text: string
  readonly slot: Slot | undefined
}

interface Slot {
  /** As written, without braces. */
  readonly name: string
  readonly optional: boolean
  readonly valueOf: (values: TemplateValues) => unknown
  readonly transform: (value: string) => string
}

/** Why a template or its values do not do; the caller makes an error of it. */
export class TemplateFault extends Error {}

const SLOT = /^(account\.)?([^{}|?]+?)(\?)?(?:\|([A-Za-z]+))?$/

function isOwnKey<T extends object>(object: T, key: string): key is Extract<keyof T, string> {
  return Object.hasOwn(object, key)
}

function accountValue(attribute: string): Slot['valueOf'] {
  if (!isOwnKey(ACCOUNT, attribute)) {
    throw new TemplateFault(`{account.${attribute}}: there is ${Object.keys(ACCOUNT).join(', ')}`)
  }
  const read = ACCOUNT[attribute]
  return ({ account }) => account && read(account)
}

function claimValue(claim: string): Slot['valueOf'] {
  return ({ claims }) => (Object.hasOwn(claims, claim) ? claims[claim] : undefined)
}

function parseSlot(written: string): Slot {
  const match = SLOT.exec(written)
  const name = match?.[2]
  if (match === null || name === undefined) throw new TemplateFault(`{${written}} names no claim`)
  const transform = match[4] ?? ''
  if (transform !== '' && !isOwnKey(TRANSFORMS, transform)) {
    throw new TemplateFault(`|${transform}: there is ${Object.keys(TRANSFORMS).join(', ')}`)
  }
  return {
    name: `${match[1] ?? ''}${name}`,
    optional: match[3] !== undefined,
    valueOf: match[1] === undefined ? claimValue(name) : accountValue(name),
    transform: transform === '' ? (value) => value : TRANSFORMS[transform],
  }
}

/** Control characters, which no field value has; also C1 and the separators that end a line somewhere. */
// eslint-disable-next-line no-control-regex -- that is what is looked for
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/** A template, taken apart once. */
export class HeaderTemplate {
  readonly #parts: readonly Part[]

  /**
   * Takes a template apart.
   *
   * @param source - As written.
   * @throws TemplateFault for anything but text and slots.
   */
  constructor(source: string) {
    const parts: Part[] = []
    let text = ''
    const pieces = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g
    for (const [piece, slot] of source.matchAll(pieces)) {
      if (slot !== undefined) {
        parts.push({ text, slot: parseSlot(slot) })
        text = ''
      } else if (piece === '{' || piece === '}') {
        throw new TemplateFault(
          `a lonely ${piece}; write ${piece}${piece} for the character itself`,
        )
      } else text += piece === '{{' || piece === '}}' ? piece.charAt(0) : piece
    }
    if (UNFIT.test(source)) throw new TemplateFault('it holds control characters')
    if (parts.length === 0)
      throw new TemplateFault('it names no claim: it would be the same for everybody')
    this.#parts = [...parts, { text, slot: undefined }]
  }

  /** Whether the account must be looked up. */
  get wantsAccount(): boolean {
    return this.#parts.some(({ slot }) => slot?.name.startsWith('account.') === true)
  }

  /**
   * Fills it in.
   *
   * @param values - Claims and account.
   * @param separator - What stands between the values of a list.
   * @returns The text, or undefined when an optional claim is absent.
   * @throws TemplateFault when a claim is missing or fits no header field; the message names the claim and no value.
   */
  fill(values: TemplateValues, separator: string): string | undefined {
    let filled = ''
    for (const { text, slot } of this.#parts) {
      filled += text
      if (slot === undefined) continue
      const value = slotText(slot, slot.valueOf(values), separator)
      if (value === undefined) return undefined
      filled += value
    }
    return filled
  }
}

function slotText(slot: Slot, value: unknown, separator: string): string | undefined {
  const listed = Array.isArray(value) ? (value as readonly unknown[]) : [value ?? '']
  const texts = listed.map((each) => scalarText(slot, each)).filter((text) => text !== '')
  if (texts.length === 0) {
    if (slot.optional) return undefined
    throw new TemplateFault(`${slot.name} is not there`)
  }
  if (texts.length > 1 && texts.some((text) => text.includes(separator))) {
    throw new TemplateFault(`a value of ${slot.name} holds the separator '${separator}'`)
  }
  return texts.map(slot.transform).join(separator)
}

function scalarText(slot: Slot, value: unknown): string {
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
  if (typeof text !== 'string')
    throw new TemplateFault(`${slot.name} is neither text nor a list of texts`)
  if (UNFIT.test(text)) throw new TemplateFault(`${slot.name} holds control characters`)
  return text.trim()
}
