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
import type { KeySourceOptions } from '../../sso/io/index.ts'
import type { IssuerKeysConfig, IssuerProxyConfig } from '../index.ts'
import type { NameResolver } from './name-resolver.ts'

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
 * How the issuers' keys are fetched.
 *
 * @param config - The section `issuerKeys`.
 * @param ports - What it works through; the environment names the forward proxy where the section does not.
 * @param resolve - Names of the inside.
 * @returns For the key source.
 * @throws KerberosError ERR_KRB_PASSWORD when the password for a proxy cannot be read.
 */
export async function issuerKeysOptions(
  config: IssuerKeysConfig,
  ports: ProxyPorts & { readonly environment: Environment },
  resolve: NameResolver,
): Promise<KeySourceOptions> {
  const { forwardProxy: named, ...limits } = config
  const { environment, logger } = ports
  const forwardProxy =
    named === undefined
      ? (url: string) => forwardProxyOf(environment, url)
      : await namedProxy(named, ports)
  return { ...limits, resolve, logger, forwardProxy }
}
