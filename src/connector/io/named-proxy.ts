/**
 * The forward proxies that connector.yaml names.
 *
 * @module
 */

import { Initiator, type KerberosClient } from '../../kerberos/index.ts'
import {
  createGssapiEngine,
  forwardProxyOf,
  readPasswordFile,
  type Environment,
  type ForwardProxy,
} from '../../kerberos/io/index.ts'
import type { Logger, Random } from '../../platform/index.ts'
import type { IssuerKeysConfig, IssuerProxyConfig } from '../index.ts'

/** What signing in at a proxy may take. */
export interface ProxyPorts {
  readonly logger: Logger
  /** For `engine: kerberos`. */
  readonly random?: Random
  readonly client?: KerberosClient | undefined
}

/**
 * Reads what a named proxy needs.
 *
 * @param config - As connector.yaml says, paths absolute.
 * @param ports - What it works through.
 * @returns The proxy.
 * @throws KerberosError ERR_KRB_PASSWORD when the password cannot be read.
 */
export async function namedProxy(
  { url, user, passwordFile, engine }: IssuerProxyConfig,
  ports: ProxyPorts,
): Promise<ForwardProxy> {
  const { client, logger, random } = ports
  if (engine === 'gssapi') return { url, negotiate: createGssapiEngine() }
  if (engine === 'kerberos' && client !== undefined && random !== undefined) {
    return { url, negotiate: (service) => ownToken(client, service, random) }
  }
  if (user === undefined || passwordFile === undefined) return { url }
  return { url, credentials: { user, password: await readPasswordFile(passwordFile, { logger }) } }
}

async function ownToken(
  client: KerberosClient,
  service: string,
  random: Random,
): Promise<Uint8Array> {
  const ticket = await client.ownTicket(service)
  const clock = client.tokenClock(ticket.serverRealm)
  return new Initiator(ticket, { clock, random }).createToken().token
}

/**
 * The forward proxy on the way to the issuers' keys.
 *
 * @param config - The section `issuerKeys`.
 * @param environment - Names the proxy where the section does not.
 * @param ports - What it works through.
 * @returns The proxy, or what tells the one for a URL.
 */
export async function issuerKeysProxy(
  { forwardProxy }: IssuerKeysConfig,
  environment: Environment,
  ports: ProxyPorts,
): Promise<ForwardProxy | ((url: string) => ForwardProxy | undefined)> {
  if (forwardProxy !== undefined) return namedProxy(forwardProxy, ports)
  return (url) => forwardProxyOf(environment, url)
}
