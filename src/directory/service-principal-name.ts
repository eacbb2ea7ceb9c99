/**
 * Service principal names as the directory keeps them (MS-ADTS 3.1.1.1.9 and sPNMappings, MS-ADA3 2.245): their parts, their aliases
 * and which of several is nearest to a wanted one.
 *
 * @module
 */

/** `class/host[:port][/name]`. */
export interface ServicePrincipalName {
  readonly serviceClass: string
  /** Host with its port, as written. */
  readonly instance: string
  /** Host alone. */
  readonly host: string
  readonly serviceName?: string
}

const SPN = /^([^/@\s]+)\/([^/@:\s]+)(:[^/@\s]+)?(?:\/([^/@\s]+))?(?:@[^/\s]+)?$/

/**
 * Takes a name apart.
 *
 * @param text - `HTTP/iwa.corp.example`, with port, service name and realm where it has them.
 * @returns Its parts; undefined for what is no SPN.
 */
export function parseSpn(text: string): ServicePrincipalName | undefined {
  const match = SPN.exec(text)
  if (match === null) return undefined
  const [, serviceClass = '', host = '', port = '', serviceName] = match
  const parts = { serviceClass, host, instance: `${host}${port}` }
  return serviceName === undefined ? parts : { ...parts, serviceName }
}

/**
 * The name without a realm, as directories and lists write it.
 *
 * @param spn - `HTTP/iwa.corp.example@CORP.EXAMPLE`.
 * @returns `HTTP/iwa.corp.example`.
 */
export function withoutRealm(spn: string): string {
  return spn.replace(/@[^/@]*$/, '')
}

/** Which service classes another one stands for, in small letters: `host` for `http`, `cifs` and some fifty more. */
export type SpnAliases = ReadonlyMap<string, string>

/**
 * Reads sPNMappings.
 *
 * @param values - `host=alerter,appmgmt,…`, one for each class that stands for others.
 * @returns The class that stands for each.
 */
export function readSpnMappings(values: readonly string[]): SpnAliases {
  const aliases = new Map<string, string>()
  for (const value of values) {
    const [target = '', list = ''] = value.toLowerCase().split('=')
    for (const name of list.split(',')) {
      const trimmed = name.trim()
      if (trimmed !== '' && target.trim() !== '') aliases.set(trimmed, target.trim())
    }
  }
  return aliases
}

/**
 * The name that a directory looks for where nobody has the one that was asked for.
 *
 * @param spn - `HTTP/web1.corp.example`.
 * @param aliases - From readSpnMappings.
 * @returns `host/web1.corp.example`; undefined where no class stands for this one.
 */
export function spnAlias(spn: string, aliases: SpnAliases): string | undefined {
  const parts = parseSpn(spn)
  const target = aliases.get(parts?.serviceClass.toLowerCase() ?? '')
  if (parts === undefined || target === undefined) return undefined
  return `${target}/${parts.instance}${parts.serviceName === undefined ? '' : `/${parts.serviceName}`}`
}

/**
 * Whether two SPNs are one to a directory: letter case aside.
 *
 * @param left - A name.
 * @param right - Another.
 * @returns True when they are.
 */
export function sameSpn(left: string, right: string): boolean {
  return withoutRealm(left).toLowerCase() === withoutRealm(right).toLowerCase()
}

/**
 * The name on a list that a wanted one was probably meant to be.
 *
 * @param wanted - What is not on the list.
 * @param list - What is.
 * @returns The nearest of them; undefined when none is near: another class, port or short name of the host, or three letters wrong at most.
 */
export function nearestSpn(wanted: string, list: readonly string[]): string | undefined {
  const scored = list
    .map((name) => ({ name, distance: spnDistance(wanted, name) }))
    .sort((left, right) => left.distance - right.distance)
  const [first] = scored
  return first !== undefined && first.distance <= MAX_DISTANCE ? first.name : undefined
}

const MAX_DISTANCE = 3
/** Longer names are not compared letter by letter. */
const MAX_COMPARED = 256

function spnDistance(wanted: string, name: string): number {
  const [left, right] = [parseSpn(wanted), parseSpn(name)]
  if (left !== undefined && right !== undefined && sameHost(left.host, right.host)) return 1
  return editDistance(withoutRealm(wanted).toLowerCase(), name.toLowerCase())
}

/** The same, or one the first label of the other. */
function sameHost(left: string, right: string): boolean {
  const [short, long] = [left.toLowerCase(), right.toLowerCase()].sort(
    (a, b) => a.length - b.length,
  )
  return short === long || (long ?? '').startsWith(`${short ?? ''}.`)
}

function editDistance(left: string, right: string): number {
  if (left.length > MAX_COMPARED || right.length > MAX_COMPARED) return Number.POSITIVE_INFINITY
  let above = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const change = left[row - 1] === right[column - 1] ? 0 : 1
      current.push(
        Math.min(
          (above[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (above[column - 1] ?? 0) + change,
        ),
      )
    }
    above = current
  }
  return above[right.length] ?? 0
}
