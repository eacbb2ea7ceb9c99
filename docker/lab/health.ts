/**
 * Is it up? Each service is tried the way its users would use it.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'ldapts'
import { addressesOf, LAB, type LabEnvironment } from './environment.ts'
import type { Service } from './processes.ts'

const TRY_TIMEOUT_MS = 5_000
const PAUSE_MS = 50

/** One thing to try until it works. */
export interface HealthCheck {
  /** What it is called in messages: `KDC 127.88.1.1:88`. */
  readonly name: string
  /** Resolves when the service does its work, rejects while it does not. */
  attempt(): Promise<void>
}

/**
 * Tries until all work.
 *
 * @param checks - What to try.
 * @param service - Who is to answer; when it ends, waiting ends.
 * @param timeoutMs - How long to wait, milliseconds.
 * @throws Error that names the check, the last reason and the service's last lines.
 */
export async function waitUntilHealthy(
  checks: readonly HealthCheck[],
  service: Service,
  timeoutMs = 60_000,
): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs
  await Promise.all(
    checks.map(async (check) => {
      for (;;) {
        const reason = await failureOf(check)
        if (reason === undefined) return
        if (service.ended !== undefined) {
          throw new Error(`${service.name} ended (${service.ended}):\n${service.lastLines()}`)
        }
        if (Date.now() > giveUpAt) {
          const waited = `${check.name} does not answer after ${timeoutMs / 1000} s: ${reason}`
          throw new Error(`${waited}\n${service.lastLines()}`)
        }
        await sleep(PAUSE_MS)
      }
    }),
  )
}

async function failureOf(check: HealthCheck): Promise<string | undefined> {
  try {
    await check.attempt()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** kinit with a keytab into a cache that is thrown away. */
function kinit(env: LabEnvironment): Promise<void> {
  const { principal, keytab } = env.connectors.CONN1
  return new Promise((resolve, reject) => {
    const child = spawn('kinit', ['-k', '-t', keytab, '-c', 'MEMORY:', principal], {
      env: { ...process.env, KRB5_CONFIG: env.krb5Conf },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: TRY_TIMEOUT_MS,
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(said.trim()))
    })
  })
}

async function ldapBind(env: LabEnvironment): Promise<void> {
  const client = new Client({
    url: `ldaps://${addressesOf(env.instance).dc}`,
    timeout: TRY_TIMEOUT_MS,
    connectTimeout: TRY_TIMEOUT_MS,
    tlsOptions: { ca: readFileSync(env.caFile), servername: LAB.dc },
  })
  try {
    await client.bind(env.users.alice.userPrincipalName, env.users.alice.password)
  } finally {
    await client.unbind()
  }
}

async function resolveName(env: LabEnvironment): Promise<void> {
  const resolver = new Resolver({ timeout: TRY_TIMEOUT_MS, tries: 1 })
  resolver.setServers([env.dnsServer])
  const found = await resolver.resolve4(`iwa.${LAB.domain}`)
  if (!found.includes(env.backends.iwa.address)) throw new Error(`got ${found.join(', ')}`)
}

/** What an HTTP answer must be. */
interface Expected {
  readonly url: string
  readonly host: string
  readonly status: number
}

function fetchStatus(env: LabEnvironment, expected: Expected): Promise<void> {
  const secure = expected.url.startsWith('https:')
  const options = {
    headers: { host: expected.host },
    timeout: TRY_TIMEOUT_MS,
    agent: false as const,
    ...(secure
      ? {
          ca: readFileSync(env.caFile),
          ...(isIP(expected.host) === 0 ? { servername: expected.host } : {}),
        }
      : {}),
  }
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsGet : httpGet)(expected.url, options, (response) => {
      response.resume()
      if (response.statusCode === expected.status) resolve()
      else reject(new Error(`answered ${response.statusCode ?? 0}, not ${expected.status}`))
    })
    request.once('timeout', () => request.destroy(new Error('no answer')))
    request.once('error', reject)
  })
}

/**
 * What a domain controller must do.
 *
 * @param env - The lab.
 * @returns Checks for KDC, LDAPS and DNS.
 */
export function domainControllerChecks(env: LabEnvironment): readonly HealthCheck[] {
  const { dc } = addressesOf(env.instance)
  return [
    { name: `KDC ${dc}:88`, attempt: () => kinit(env) },
    { name: `LDAPS ${dc}:636`, attempt: () => ldapBind(env) },
    { name: `DNS ${dc}:53`, attempt: () => resolveName(env) },
  ]
}

/**
 * What the web servers must do.
 *
 * @param env - The lab.
 * @returns One list a service.
 */
export function webChecks(
  env: LabEnvironment,
): Readonly<Record<'apache' | 'epa' | 'oidc', readonly HealthCheck[]>> {
  const { backend, epa, oidc } = addressesOf(env.instance)
  const check = (name: string, expected: Expected): HealthCheck => ({
    name: `${name} ${expected.url}`,
    attempt: () => fetchStatus(env, expected),
  })
  const plain = `plain.${LAB.domain}`
  const discovery = `https://${oidc}/.well-known/openid-configuration`
  return {
    apache: [
      check('Apache', { url: `http://${backend}/`, host: plain, status: 200 }),
      check('Apache', { url: `https://${backend}/`, host: plain, status: 200 }),
    ],
    epa: [check('EPA backend', { url: `https://${epa}/`, host: `epa.${LAB.domain}`, status: 401 })],
    oidc: [check('OpenID provider', { url: discovery, host: oidc, status: 200 })],
  }
}
