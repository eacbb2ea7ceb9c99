/**
 * Checks at the doors of the library for programs without types: a wrong argument is a TypeError that names it and says what it
 * should have been. The value itself may be a password and is never shown.
 *
 * @module
 */

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Promise) return 'a promise: await it first'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** The error for a value that is not what was wanted, which may be a secret. */
function wrongArgument(name: string, wanted: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${wanted}, not ${kindOf(value)}`)
}

/**
 * Insists on a text.
 *
 * @param name - Of the argument.
 * @param value - Anything.
 * @param wanted - What it should be. Default a string.
 * @throws TypeError.
 */
export function needText(name: string, value: unknown, wanted = 'a string'): void {
  if (typeof value !== 'string') throw wrongArgument(name, wanted, value)
}

/**
 * Insists on octets.
 *
 * @param name - Of the argument.
 * @param value - Anything.
 * @param wanted - What they should be. Default a Uint8Array.
 * @throws TypeError.
 */
export function needOctets(name: string, value: unknown, wanted = 'a Uint8Array'): void {
  if (!(value instanceof Uint8Array)) throw wrongArgument(name, wanted, value)
}

/**
 * Insists on an array.
 *
 * @param name - Of the argument.
 * @param value - Anything.
 * @param wanted - What it should be.
 * @throws TypeError.
 */
export function needArray(name: string, value: unknown, wanted: string): void {
  if (!Array.isArray(value)) throw wrongArgument(name, wanted, value)
}

/**
 * Insists on an object.
 *
 * @param name - Of the argument.
 * @param value - Anything.
 * @param wanted - What it should be.
 * @param methods - Functions it must have. Default none.
 * @throws TypeError.
 */
// eslint-disable-next-line max-params -- one line at each door: name, value, wanted, and what makes it one
export function needObject(
  name: string,
  value: unknown,
  wanted: string,
  methods: readonly string[] = [],
): void {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject || value instanceof Promise) throw wrongArgument(name, wanted, value)
  const members = value as Readonly<Record<string, unknown>>
  const missing = methods.find((method) => typeof members[method] !== 'function')
  if (missing === undefined) return
  throw new TypeError(`${name} must be ${wanted}: it has no function ${missing}`)
}
