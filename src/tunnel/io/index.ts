/**
 * Tunnels over WebSocket: the gateway accepts, the connector dials.
 *
 * @module
 */

export { acceptTunnel, refuseUpgrade, type Upgrade } from './accept.ts'
export { dialTunnel } from './dial.ts'
export {
  GATEWAY_URI,
  TUNNEL_PATH,
  TUNNEL_SUBPROTOCOL,
  type AcceptOptions,
  type Connect,
  type ConnectTarget,
  type DialOptions,
} from './options.ts'
export { checkGateway } from './tls.ts'
export { WsCarrier } from './ws-carrier.ts'
