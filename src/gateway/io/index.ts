/**
 * The gateway's adapters: database, listeners, admin socket.
 *
 * @module
 */

export { openStore, type StoreOptions } from './database.ts'
export type { ListenAddress, ServerCertificate } from './browser-listener.ts'
export { createGateway, type Gateway, type GatewayPorts } from './gateway.ts'
export { createOidcProvider, type ClosableProvider, type OidcSecrets } from './oidc.ts'
export { adminRequest, type AdminRequest } from './admin-client.ts'
export { startAdminServer, type AdminServer } from './admin-server.ts'
export {
  TunnelListener,
  type TunnelListenerOptions,
  type TunnelListenerPorts,
} from './tunnel-listener.ts'
