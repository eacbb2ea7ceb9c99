/**
 * Tunnels over WebSocket: the gateway accepts, the connector dials.
 *
 * @module
 */

export {
  GATEWAY_URI,
  TUNNEL_PATH,
  TUNNEL_SUBPROTOCOL,
  type AcceptOptions,
  type Connect,
  type DialOptions,
} from './options.ts'
