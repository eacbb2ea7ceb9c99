/**
 * Which of the three configuration files a file is, told by the sections that it alone has: one given in place of another would
 * else be nothing but a list of unknown fields.
 *
 * @module
 */

import { SallyportError } from '../platform/index.ts'

/** A configuration file. */
export type FileKind = 'gateway' | 'connector' | 'policy'

interface Telltale {
  /** What it is called. */
  readonly name: string
  /** Sections that no other has. */
  readonly fields: readonly string[]
  /** What takes such a file. */
  readonly takenBy: string
  /** How a command that wants one is given it. */
  readonly give: string
}

const KINDS: Readonly<Record<FileKind, Telltale>> = {
  gateway: {
    name: "the gateway's configuration (gateway.yaml)",
    fields: ['browser', 'tunnel', 'oidc', 'session', 'apps'],
    takenBy: '`sallyport gateway`, `tokens`, `connectors`, `sessions` and `cache`',
    give: 'Give this command the path of gateway.yaml with --config.',
  },
  connector: {
    name: "the connector's configuration (connector.yaml)",
    fields: ['policy', 'kerberos', 'directory', 'directories', 'dns', 'issuerKeys', 'sso'],
    takenBy: '`sallyport connector`, `doctor`, `delegation`, `identity` and `policy`',
    give: 'Give this command the path of connector.yaml with --config.',
  },
  policy: {
    name: "the connector's policy (policy.yaml)",
    fields: ['issuers', 'backends', 'neverImpersonate', 'frontEndKerberos'],
    takenBy: 'the field policy of connector.yaml',
    give: 'Correct the field policy of connector.yaml: it is the path of policy.yaml.',
  },
}

const ALL = Object.keys(KINDS) as FileKind[]

/**
 * The error for one file in place of another.
 *
 * @param path - The file, for the message.
 * @param fields - Its sections.
 * @param wanted - What it should be.
 * @returns ERR_CLI_CONFIG; undefined unless it is certainly another of the three.
 */
export function wrongFile(
  path: string,
  fields: readonly string[],
  wanted: FileKind,
): SallyportError | undefined {
  const [kind, ...others] = ALL.filter((each) => seen(each, fields).length > 0)
  if (kind === undefined || kind === wanted || others.length > 0) return undefined
  const { name, takenBy } = KINDS[kind]
  const text = `${path} is ${name}: it has ${seen(kind, fields).join(', ')}. That is for ${takenBy}; wanted here is ${KINDS[wanted].name}`
  return new SallyportError('ERR_CLI_CONFIG', text, { mend: KINDS[wanted].give })
}

function seen(kind: FileKind, fields: readonly string[]): readonly string[] {
  return KINDS[kind].fields.filter((field) => fields.includes(field))
}
