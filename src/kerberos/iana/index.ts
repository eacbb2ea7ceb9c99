/**
 * Numbers only: what RFC 4120, its successors and Microsoft's extensions assign.
 *
 * @module
 */

export { AdApOption, AdType } from './ad-types.ts'
export { krbErrorName, KrbErrorCode } from './error-codes.ts'
export { ChecksumType, EncryptionType } from './etypes.ts'
export { ApOption, KdcOption, PacOption, S4uOption, TicketFlag } from './flags.ts'
export { KeyUsage } from './key-usage.ts'
export { ApplicationTag, MessageType, PVNO } from './message-types.ts'
export { NameType } from './name-types.ts'
export { NtStatus, ntStatusName } from './nt-status.ts'
export { PaType } from './pa-types.ts'
