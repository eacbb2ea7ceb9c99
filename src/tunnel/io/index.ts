/**
 * Tunnels over WebSocket: the gateway accepts, the connector dials.
 *
 * @module
 */

export { acceptTunnel, refuseUpgrade, type Upgrade } from './accept.ts'
export { dialTunnel } from './dial.ts'
export {
  TUNNEL_PATH,
  type AcceptOptions,
  type Connect,
  type ConnectTarget,
  type DialOptions,
} from './options.ts'
export { checkGateway } from './tls.ts'
