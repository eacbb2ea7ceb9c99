/** Configuration files: YAML text through the schemas of gateway, connector and policy. */

import { readFileSync } from 'node:fs'
import type { ZodType } from 'zod'
import { checkConfigText } from '../../../src/cli/config-file.ts'
import type { FileKind } from '../../../src/cli/file-kind.ts'
import { connectorConfigSchema } from '../../../src/connector/index.ts'
import { Apps, gatewayConfigSchema } from '../../../src/gateway/index.ts'
import { compilePolicy, policySchema } from '../../../src/sso/index.ts'
import { textTarget, type Target } from '../target.ts'

function example(file: string): string {
  const path = new URL(`../../../docker/sallyport/demo/${file}`, import.meta.url)
  return readFileSync(path, 'utf8')
    .replaceAll('@DC@', '10.0.0.1')
    .replaceAll(/^#.*\n/gm, '')
}

const YAML_WORDS = [
  ...['\n', '\n  ', '- ', ': ', '[', ']', '{', '}', '[[', '&a ', '*a', '<<: *a', '!!binary ', '|'],
  ...["'", '"', '#', '%YAML 1.1\n---\n', '---\n', '...\n', '\t', '? ', 'null', '~', '1e999', '0x1'],
  ...['__proto__: ', 'constructor: ', ',', ', ', 'a', 'DC=', 'https://', '@', '-', '.', ' '],
]

interface Config<T> {
  readonly name: FileKind
  readonly file: string
  readonly schema: ZodType<T>
  readonly use: (config: T) => void
}

function configTarget<T>({ name, file, schema, use }: Config<T>): Target {
  return textTarget({
    name: `config/${name}`,
    seeds: [example(file)],
    words: YAML_WORDS,
    maxOctets: 16_384,
    // An administrator writes it and it is read once; every one of its thousand faults is told.
    maxCpuMs: 500,
    shortRuns: 60,
    decode: (text) => {
      use(checkConfigText(file, text, { kind: name, schema }))
    },
  })
}

/** The schema alone, without the YAML: any JSON value in place of any field. */
function schemaTarget<T>(name: string, schema: ZodType<T>, seed: string): Target {
  return textTarget({
    name: `config/${name}-schema`,
    seeds: [seed],
    words: [
      ...['{', '}', '[', ']', ',', ':', '"', 'null', '1e9', '-1', '""', '"__proto__":', '[[[['],
      ...['DC=a,', ' ', '@', 'https://', 'a.', '-', '/', '\\u0000', '0.5', 'true'],
    ],
    maxOctets: 16_384,
    shortRuns: 300,
    decode: (text) => {
      let value: unknown
      try {
        value = JSON.parse(text)
      } catch {
        return undefined
      }
      const parsed = schema.safeParse(value)
      return parsed.success ? parsed.data : undefined
    },
  })
}

const GATEWAY = {
  stateDirectory: './state',
  browser: { certificate: 'tls.pem', key: 'tls.key', limits: { connections: 5 } },
  tunnel: { name: 'gateway.example', publicAddress: 'gateway.example:8444' },
  oidc: { issuer: 'https://login.example/tenant', clientId: 'sallyport', parameters: { a: 'b' } },
  session: { idleMinutes: 5 },
  apps: [
    {
      ...{ id: 'intranet', externalUrl: 'https://a.example/', internalUrl: 'http://b.example/' },
      ...{ singleSignOn: 'kerberos', servicePrincipalName: 'HTTP/b.example' },
      allow: { groups: ['staff'], claims: { department: ['x'] } },
    },
  ],
}
const CONNECTOR = {
  ...{ stateDirectory: 's', policy: 'p' },
  kerberos: { realm: 'CORP.EXAMPLE', principal: 'CONN1$', keytab: 'k', kdcs: ['dc1:88', '[::1]'] },
  directory: { servers: ['dc1.corp.example'], baseDn: 'OU=Staff,DC=corp,DC=example' },
  dns: { servers: ['10.0.0.1'] },
  limits: { dialMs: 1000 },
}
const POLICY = {
  issuers: [
    {
      ...{ issuer: 'https://login.example', audience: 'sallyport', loginClaim: 'upn' },
      ...{ jwksUrl: 'https://login.example/jwks', upnSuffixes: ['corp.example'] },
    },
  ],
  neverImpersonate: { users: ['a'], groups: ['b'] },
  backends: [
    {
      ...{ origin: 'https://b.example', servicePrincipalName: 'HTTP/b.example' },
      ...{ addresses: ['10.0.0.0/8'], tls: { pin: '0'.repeat(64) } },
    },
  ],
}

export const CONFIG_TARGETS: readonly Target[] = [
  configTarget({
    ...{ name: 'gateway', file: 'gateway.yaml', schema: gatewayConfigSchema },
    use: (config) => new Apps(config.apps),
  }),
  configTarget({
    ...{ name: 'connector', file: 'connector.yaml', schema: connectorConfigSchema },
    use: () => undefined,
  }),
  configTarget({
    ...{ name: 'policy', file: 'policy.yaml', schema: policySchema },
    use: (file) => compilePolicy(file, () => ''),
  }),
  schemaTarget('gateway', gatewayConfigSchema, JSON.stringify(GATEWAY)),
  schemaTarget('connector', connectorConfigSchema, JSON.stringify(CONNECTOR)),
  schemaTarget('policy', policySchema, JSON.stringify(POLICY)),
]
