/**
 * A gateway service: reads what the configuration names, wires the gateway's parts, starts and stops them in order.
 *
 * @module
 */

import { join } from 'node:path'
import type { GatewayConfig, GatewayStore } from '../gateway/index.ts'
import { createAdminOperations, Registration, type AdminOperations } from '../gateway/index.ts'
import {
  createGateway,
  createOidcProvider,
  openStore,
  startAdminServer,
  TunnelListener,
  type ClosableProvider,
  type Gateway,
} from '../gateway/io/index.ts'
import type { Authority } from '../pki/index.ts'
import { createStateDirectory, loadAuthority, loadServerCertificate } from '../pki/io/index.ts'
import type { Logger } from '../platform/index.ts'
import { systemClock as clock, systemRandom as random } from '../platform/io/index.ts'
import { readFileOctets, requireAuthority } from './config-file.ts'
import type { StoppableService } from './service.ts'

/** File of the gateway's store in its state directory. */
const STORE_FILE = 'gateway.sqlite'

const readText = (path: string, what: string): string => readFileOctets(path, what).toString('utf8')

function createProvider({ oidc }: GatewayConfig): ClosableProvider | undefined {
  if (oidc === undefined) return undefined
  const { clientSecretFile } = oidc
  const ca = oidc.ca === undefined ? undefined : readText(oidc.ca, "provider's CA file")
  requireAuthority(ca, 'oidc.ca')
  return createOidcProvider(oidc, {
    clientSecret:
      clientSecretFile === undefined
        ? undefined
        : readText(clientSecretFile, 'client secret file').trim(),
    ca,
  })
}

/** What the parts share. */
interface Foundation {
  readonly config: GatewayConfig
  readonly logger: Logger
  readonly store: GatewayStore
  readonly authority: Authority
}

function buildGateway(foundation: Foundation, provider: ClosableProvider | undefined): Gateway {
  const { config, logger, store } = foundation
  const certificate = {
    certificatePem: readText(config.browser.certificate, 'browser certificate'),
    keyPem: readText(config.browser.key, 'browser key'),
  }
  return createGateway(config, {
    sessions: store.sessions,
    provider,
    certificate,
    clock,
    random,
    logger,
  })
}

function buildTunnelListener(
  foundation: Foundation,
  gateway: Gateway,
  registration: Registration,
): TunnelListener {
  const { config, logger, store, authority } = foundation
  const { address, port, name } = config.tunnel
  const order = { authority, names: [name] }
  return new TunnelListener(
    { address, port },
    {
      caPem: authority.certificatePem,
      connectors: store.connectors,
      register: (body, from) => registration.register(body, from),
      tunnelHandler: (connector) => gateway.tunnelHandler(connector),
      loadCertificate: () => loadServerCertificate(config.stateDirectory, order, { clock, random }),
      clock,
      logger,
    },
  )
}

function buildOperations(foundation: Foundation, gateway: Gateway): AdminOperations {
  const { config, store, authority } = foundation
  const { publicAddress, name } = config.tunnel
  return createAdminOperations(
    { address: publicAddress, serverName: name },
    {
      authority,
      tokens: store.registrationTokens,
      connectors: store.connectors,
      live: gateway.connectors,
      gateway,
      clock,
      random,
    },
  )
}

/** Parts that were started, to be stopped in reverse order whatever happens in between. */
class StartedParts implements StoppableService {
  readonly #stops: (() => Promise<unknown>)[] = []

  add(stop: () => Promise<unknown>): void {
    this.#stops.push(stop)
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop()
  }
}

/**
 * Starts a gateway.
 *
 * @param config - gateway.yaml with absolute paths.
 * @param logger - Its log; the line `ready` says that both listeners are open.
 * @returns What stops it.
 * @throws SallyportError when a file cannot be read or an address cannot be had; nothing is left running.
 */
export async function startGatewayService(
  config: GatewayConfig,
  logger: Logger,
): Promise<StoppableService> {
  const parts = new StartedParts()
  try {
    await startParts(config, logger, parts)
    return parts
  } catch (error) {
    await parts.stop()
    throw error
  }
}

async function startParts(
  config: GatewayConfig,
  logger: Logger,
  parts: StartedParts,
): Promise<void> {
  await createStateDirectory(config.stateDirectory)
  const authority = await loadAuthority(config.stateDirectory, { clock, random })
  const store = openStore(join(config.stateDirectory, STORE_FILE))
  parts.add(() => store.close())
  const provider = createProvider(config)
  if (provider !== undefined) parts.add(() => provider.close())
  const foundation: Foundation = { config, logger, store, authority }
  const tokens = store.registrationTokens
  const registration = new Registration({ authority, tokens, clock, random, logger })
  const gateway = buildGateway(foundation, provider)
  const listener = buildTunnelListener(foundation, gateway, registration)
  const operations = buildOperations(foundation, gateway)
  const tunnel = await listener.start()
  parts.add(() => listener.close())
  const browser = await gateway.start()
  parts.add(() => gateway.stop())
  const admin = await startAdminServer(config.stateDirectory, operations, logger)
  parts.add(() => admin.close())
  logger.info('ready', { browser, tunnel, apps: config.apps.length })
}
