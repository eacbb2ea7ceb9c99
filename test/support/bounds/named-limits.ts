/**
 * Every number that bounds something and that somebody can set: fields of the three configuration files, as their schemas have
 * them, and the tables of limits that rooms resolve. A field or a row that is added is found without being written down here.
 *
 * @module
 */

import { z, type ZodType } from 'zod'
import { connectorConfigSchema } from '../../../src/connector/index.ts'
import { DEFAULT_RUN_LIMITS } from '../../../src/doctor/runner.ts'
import { gatewayConfigSchema } from '../../../src/gateway/index.ts'
import { resolveTunnelListenerLimits } from '../../../src/gateway/io/tunnel-listener-limits.ts'
import { STRING_TO_KEY_LIMITS } from '../../../src/kerberos/exchange/string-to-key-limits.ts'
import { policySchema } from '../../../src/sso/index.ts'
import { resolveBackendLimits } from '../../../src/sso/io/index.ts'
import { DEFAULT_LIMITS } from '../../../src/tunnel/index.ts'

/** What JSON Schema says of a part of a file. */
interface Part {
  readonly $ref?: string
  readonly type?: string
  readonly properties?: Readonly<Record<string, Part>>
  readonly items?: Part
  readonly additionalProperties?: Part | boolean
  readonly anyOf?: readonly Part[]
  readonly oneOf?: readonly Part[]
  readonly allOf?: readonly Part[]
}

/** Numbers that choose something and bound nothing. */
const NO_BOUNDS = new Set(['port', 'ticketStatuses'])
/** Sections that stand in several places of a file with the same fields, all read by the same code. */
const SAME: readonly (readonly [RegExp, string])[] = [
  [/\.paths\b/, ''],
  [/\.directories\b/, '.directory'],
  [/\.domains\b/, ''],
]

function numbersIn(part: Part, path: string): string[] {
  const { properties = {}, items, additionalProperties: others } = part
  const inner = [
    ...Object.entries(properties).map(([name, each]) => [each, `${path}.${name}`] as const),
    ...[items, typeof others === 'object' ? others : undefined].map(
      (each) => [each, path] as const,
    ),
    ...[part.anyOf, part.oneOf, part.allOf].flatMap((all) =>
      (all ?? []).map((each) => [each, path] as const),
    ),
  ]
  const own = part.type === 'number' || part.type === 'integer' ? [path] : []
  return [...own, ...inner.flatMap(([each, at]) => (each ? numbersIn(each, at) : []))]
}

function fieldsOf(file: string, schema: ZodType): string[] {
  const whole = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' })
  return numbersIn(whole as Part, file)
    .filter((path) => !NO_BOUNDS.has(path.slice(path.lastIndexOf('.') + 1)))
    .map((path) => SAME.reduce((name, [from, to]) => name.replace(from, to), path))
}

function rowsOf(table: string, limits: object): string[] {
  return Object.keys(limits).map((name) => `${table}.${name}`)
}

/**
 * The names of all limits.
 *
 * @returns `file.section.field` or `table.row`, each once.
 */
export function namedLimits(): readonly string[] {
  return [
    ...new Set([
      ...fieldsOf('gateway', gatewayConfigSchema),
      ...fieldsOf('connector', connectorConfigSchema),
      ...fieldsOf('policy', policySchema),
      ...rowsOf('tunnel', DEFAULT_LIMITS),
      ...rowsOf('tunnelListener', resolveTunnelListenerLimits()),
      ...rowsOf('backend', resolveBackendLimits()),
      ...rowsOf('stringToKey', STRING_TO_KEY_LIMITS),
      ...rowsOf('doctor', DEFAULT_RUN_LIMITS),
    ]),
  ]
}
