/**
 * The tunnel: frames, streams, flow control and sessions over a carrier port. PROTOCOL.md is the specification.
 *
 * @module
 */

export {
  CAPABILITY,
  FLUSHED,
  HTTP_CAPABILITIES,
  INSPECT,
  NEGOTIATE,
  PROBE,
} from './capabilities.ts'
export {
  isConnectionAuthorization,
  schemesIn,
  ticketChallenge,
  withoutConnectionChallenges,
  type TicketScheme,
} from './challenge.ts'
export {
  APP_PATH,
  decodeControl,
  encodeControl,
  LOGIN_IDENTITY,
  MAX_APP_ID_LENGTH,
  MAX_APP_URL_LENGTH,
  type AppSettings,
  type AppsMessage,
  type ControlMessage,
  type FlushMessage,
  type ForgetMessage,
  type ProofMessage,
  type SignInSettings,
  type AccountMessage,
  type StatusMessage,
  type TunnelRole,
} from './control.ts'
export { MAX_SPN_LENGTH, MAX_USER_LENGTH } from './control-cache.ts'
export type {
  AccountFigures,
  CacheContents,
  CacheEntry,
  DroppedFigures,
  FlushedMessage,
  InspectedMessage,
  InspectMessage,
  RefusalFigures,
  TicketFigures,
} from './control-cache.ts'
export { MAX_PROOF_LENGTH, type AcceptedMessage, type AcceptMessage } from './control-sign-in.ts'
export { isEndless } from './endless.ts'
export { TunnelError, type TunnelErrorCode } from './errors.ts'
export { foldName, keptFields } from './flat-fields.ts'
export { maxMessageOctets } from './frame.ts'
export {
  isPerhapsUnder,
  isPlainlyUnder,
  takesTarget,
  TargetPath,
  targetRule,
} from './path-prefix.ts'
export { DEFAULT_LIMITS, resolveLimits, type TunnelLimits } from './limits.ts'
export {
  sendingFields,
  sendingOf,
  type SendingSettings,
  type SendTicket,
  type TokenFormat,
} from './sending-settings.ts'
export { createTunnelSession, type SessionOptions } from './session.ts'
export { isTrailerName } from './trailer-rules.ts'
export type {
  CarrierReceiver,
  RequestHead,
  ResponseHead,
  StreamHandler,
  StreamReason,
  TunnelCarrier,
  TunnelHandler,
  TunnelOptions,
  TunnelPeer,
  TunnelPorts,
  TunnelSession,
  TunnelStream,
} from './types.ts'
